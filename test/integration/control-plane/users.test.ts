import assert from 'node:assert/strict';
import { ApiClient } from '../../support/api-client.ts';
import { buildApplication, buildMember } from '../../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { LiveClient } from '../../support/live-client.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`The accounts of people, on ${database}`, () => {
    let cp: RunningControlPlane;
    before(async () => {
      cp = await startControlPlane({ database });
    });
    after(() => cp?.stop());

    it('end everywhere at once with a suspension, and are back when it is lifted', async () => {
      const { teamId } = await buildApplication(cp);
      const { client, userId, username } = await buildMember(cp, teamId, 'owner');
      const { token } = await client.call('createAccessToken', { body: { name: 'program' } });
      const program = new ApiClient(cp.url, token);
      await program.call('getTeam', { params: { id: teamId } });
      const onPage = await LiveClient.connect(cp.url, client.authentication);
      const byProgram = await LiveClient.connect(cp.url, program.authentication);

      await cp.admin.call('changeUser', { params: { id: userId }, body: { suspended: true } });

      await client.refused('getUser', 401);
      await program.refused('getTeam', 401, { params: { id: teamId } });
      await eventually(() => onPage.closeCode !== undefined && byProgram.closeCode !== undefined);
      const suspended = await cp
        .visitor()
        .refused('signIn', 401, { body: { username, password: ADMIN_PASSWORD } });
      const wrong = await cp
        .visitor()
        .refused('signIn', 401, { body: { username: 'nobody-here', password: 'wrong' } });
      assert.equal(suspended.message, wrong.message);

      await cp.admin.call('changeUser', { params: { id: userId }, body: { suspended: false } });
      await client.signIn(username, ADMIN_PASSWORD);
      await program.call('getTeam', { params: { id: teamId } });
    });

    it('are changed by administrators only, and the audit log has before and after but no password', async () => {
      const { client, userId } = await buildMember(cp, null);
      await client.refused('changeUser', 403, { params: { id: userId }, body: { admin: true } });

      await cp.admin.call('changeUser', {
        params: { id: userId },
        body: { name: 'Kim', password: 'another password' },
      });

      await client.refused('getUser', 401);
      const { items } = await cp.admin.call('listAudit', { query: { event: 'user.changed' } });
      assert.deepEqual(items[0]?.details.after as object, { name: 'Kim' });
      assert.ok(!JSON.stringify(items).includes('another password'));
    });

    it('always leave one administrator who can sign in', async () => {
      const [me] = (await cp.admin.call('listUsers', { query: { search: 'admin' } })).items;
      const params = { id: me?.id ?? '' };

      const demoted = await cp.admin.refused('changeUser', 409, { params, body: { admin: false } });
      const suspended = await cp.admin.refused('changeUser', 409, { params, body: { suspended: true } });

      assert.equal(demoted.code, 'last_administrator');
      assert.equal(suspended.code, 'own_account');
    });

    it('refuse what does not fit, and name the field', async () => {
      const { userId } = await buildMember(cp, null);
      const wrong = {
        email: 'nowhere',
        name: 'a\u0000b',
        password: 'short',
        suspended: 'yes',
        username: 'other',
      };
      for (const [field, value] of Object.entries(wrong)) {
        const error = await cp.admin.refused('changeUser', 422, {
          params: { id: userId },
          body: { [field]: value },
        });
        assert.match(JSON.stringify(error.details), new RegExp(field));
      }
    });

    it('leave one when two administrators suspend, demote or remove each other at once', async () => {
      const second = await buildMember(cp, null);
      await cp.admin.call('changeUser', { params: { id: second.userId }, body: { admin: true } });
      const [me] = (await cp.admin.call('listUsers', { query: { search: 'admin' } })).items;
      assert.ok(me);

      const answers = await Promise.all([
        cp.admin.send('PATCH', `/users/${second.userId}`, { body: { suspended: true } }),
        second.client.send('PATCH', `/users/${me.id}`, { body: { admin: false } }),
      ]);

      assert.equal(answers.filter(({ status }) => status === 200).length, 1, JSON.stringify(answers));
      const winner = answers[0]?.status === 200 ? cp.admin : second.client;
      const active = (await winner.call('listUsers')).items.filter((user) => user.admin && !user.suspended);
      assert.equal(active.length, 1);
    });
  });
}
