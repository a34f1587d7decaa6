import assert from 'node:assert/strict';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { buildMember, uniqueName } from '../../support/builders.ts';
import {
  ADMIN_PASSWORD,
  type ControlPlaneInProcess,
  startControlPlane,
} from '../../support/control-plane.ts';
import { type MailServer, startMailServer } from '../../support/mail-server.ts';

const NEXT = 'another password';
const tokenOf = (link: string) => link.split('#')[1] ?? '';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Sign-up and new passwords, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let mail: MailServer;
    before(async () => {
      mail = await startMailServer();
      cp = await startControlPlane({
        database,
        config: { mail: { url: mail.url, from: 'flowyard@example.com' } },
      });
    });
    after(async () => {
      await cp?.stop();
      await mail?.stop();
    });

    it('sign-up is off until an administrator switches it on, and then signs in', async () => {
      const visitor = cp.visitor();
      const body = { username: uniqueName('self'), password: ADMIN_PASSWORD };
      const member = await buildMember(cp, null);
      await visitor.refused('signUp', 403, { body });
      await member.client.refused('updatePlatformSettings', 403, { body: { signUp: true } });
      await cp.admin.call('updatePlatformSettings', { body: { signUp: true } });

      assert.equal((await visitor.call('getSignInOptions')).signUp, true);
      const user = await visitor.call('signUp', { body });
      await cp.visitor().refused('signUp', 409, { body });
      await cp
        .visitor()
        .refused('signUp', 422, { body: { ...body, username: uniqueName('x'), admin: true } });

      assert.deepEqual([user.admin, (await visitor.call('getSession')).id], [false, user.id]);
      await cp.admin.call('updatePlatformSettings', { body: { signUp: false } });
      await cp.visitor().refused('signUp', 403, { body: { ...body, username: uniqueName('self') } });
    });

    it('sign-up from one address is limited', async () => {
      await cp.admin.call('updatePlatformSettings', { body: { signUp: true } });
      const attempt = () =>
        cp.visitor().send('POST', '/sign-up', { body: { username: 'admin', password: ADMIN_PASSWORD } });
      const answers = await Promise.all(Array.from({ length: 11 }, attempt));
      await cp.admin.call('updatePlatformSettings', { body: { signUp: false } });

      assert.ok(answers.some(({ status }) => status === 429));
      assert.ok(answers.every(({ status }) => status === 429 || status === 409));
    });

    it('settings that make no sense are refused and change nothing', async () => {
      for (const body of [{ signUp: 'yes' }, { signUp: null }, { teamCreation: 'all' }, { other: 1 }]) {
        await cp.admin.refused('updatePlatformSettings', 422, { body });
      }
      await cp.admin.refused('updatePlatformSettings', 422, { body: '{"__proto__":{"signUp":true}}' });
      assert.equal((await cp.admin.call('getPlatformSettings')).signUp, false);
    });

    it('an administrator may keep the making of teams to administrators', async () => {
      const { client } = await buildMember(cp, null);
      await cp.admin.call('updatePlatformSettings', { body: { teamCreation: 'administrators' } });
      await client.refused('createTeam', 403, { body: { name: 'Mine' } });
      await cp.admin.call('createTeam', { body: { name: 'Ours' } });
      await cp.admin.call('updatePlatformSettings', { body: { teamCreation: 'everybody' } });
      await client.call('createTeam', { body: { name: 'Mine' } });
    });

    it('a one-time link of an administrator sets a new password, once, and ends all sessions', async () => {
      const { client, userId, username } = await buildMember(cp, null);
      await client.refused('createPasswordReset', 403, { params: { id: userId } });
      const old = await cp.admin.call('createPasswordReset', { params: { id: userId } });
      const { link, expiresAt } = await cp.admin.call('createPasswordReset', { params: { id: userId } });
      const body = { token: tokenOf(link), password: NEXT };

      await cp.visitor().refused('resetPassword', 404, { body: { ...body, token: tokenOf(old.link) } });
      await cp.visitor().refused('resetPassword', 422, { body: { ...body, password: 'short' } });
      const answers = await Promise.all(
        [1, 2, 3].map(() => cp.visitor().send('POST', '/password-resets', { body })),
      );

      const minutes = (Date.parse(expiresAt) - Date.now()) / 60_000;
      assert.ok(minutes > 59 && minutes <= 60);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 404, 404]);
      await client.refused('getSession', 401);
      await cp.visitor().refused('signIn', 401, { body: { username, password: ADMIN_PASSWORD } });
      await cp.visitor().signIn(username, NEXT);
    });

    it('a link is worth nothing after an hour, or after the password was changed', async () => {
      const { client, userId } = await buildMember(cp, null);
      const late = await cp.admin.call('createPasswordReset', { params: { id: userId } });
      const rows = openDatabase(cp.database);
      await rows('password_resets')
        .where({ user_id: userId })
        .update({ expires_at: '2020-01-01T00:00:00.000Z' });
      await rows.destroy();
      await cp
        .visitor()
        .refused('resetPassword', 404, { body: { token: tokenOf(late.link), password: NEXT } });

      const { link } = await cp.admin.call('createPasswordReset', { params: { id: userId } });
      await client.call('updateUser', { body: { password: { current: ADMIN_PASSWORD, next: NEXT } } });
      await cp.visitor().refused('resetPassword', 404, { body: { token: tokenOf(link), password: NEXT } });
    });

    it('"Forgot your password?" sends a letter, and answers the same to whoever is not there', async () => {
      const { client, username } = await buildMember(cp, null);
      const email = `${username}@example.com`;
      await client.call('updateUser', { body: { email } });
      const ask = (login: string) =>
        cp.visitor().send('POST', '/password-reset-requests', { body: { login } });

      const answers = [await ask('nobody-at-all'), await ask(email), await ask('__proto__')];
      const { source } = await mail.mailTo(email, 'new-password#');
      const token = /new-password#(\S+)/.exec(source)?.[1] ?? '';
      await cp.visitor().call('resetPassword', { body: { token, password: NEXT } });
      await cp.visitor().signIn(username, NEXT);
      for (let n = 0; n < 5; n++) {
        await ask(username);
      }

      assert.deepEqual(
        answers.map(({ status, body }) => [status, body]),
        [
          [204, ''],
          [204, ''],
          [204, ''],
        ],
      );
      assert.ok(mail.mails.filter(({ to }) => to.includes(email)).length <= 3);
    });
  });
}
