import assert from 'node:assert/strict';
import { URI } from 'otpauth';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import type { ApiClient } from '../../support/api-client.ts';
import { buildMember } from '../../support/builders.ts';
import {
  ADMIN_PASSWORD,
  type ControlPlaneInProcess,
  startControlPlane,
} from '../../support/control-plane.ts';

const STEP_MS = 30_000;
const password = ADMIN_PASSWORD;

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`The second factor, on ${database}`, () => {
    let cp: ControlPlaneInProcess;
    let person: { client: ApiClient; username: string; userId: string };
    /** What the person's authenticator app shows, by default now; each code works once. */
    let codeIn: (steps?: number) => string;
    let recoveryCodes: string[];

    const signIn = (code?: string) =>
      cp
        .visitor()
        .send('POST', '/session', { body: { username: person.username, password, ...(code && { code }) } });
    const codeOf = (answer: { body: unknown }) => (answer.body as { error: { code: string } }).error.code;

    before(async () => {
      cp = await startControlPlane({ database });
      person = await buildMember(cp, null);
    });
    after(() => cp?.stop());

    it('needs the password to be prepared, and does nothing before it is confirmed', async () => {
      const error = await person.client.refused('prepareSecondFactor', 422, { body: { password: 'wrong' } });
      assert.match(JSON.stringify(error.details), /password/);

      const { uri } = await person.client.call('prepareSecondFactor', { body: { password } });
      const app = URI.parse(uri);
      codeIn = (steps = 0) => app.generate({ timestamp: Date.now() + steps * STEP_MS });

      assert.match(uri, /issuer=Flowyard/);
      assert.equal((await signIn()).status, 201);
      assert.equal((await person.client.call('getSecondFactor')).enabled, false);
    });

    it('is turned on by a code of the app, and gives ten recovery codes once', async () => {
      await person.client.refused('confirmSecondFactor', 422, { body: { code: '000000' } });

      ({ recoveryCodes } = await person.client.call('confirmSecondFactor', { body: { code: codeIn(-1) } }));

      assert.equal(new Set(recoveryCodes).size, 10);
      assert.deepEqual(await person.client.call('getSecondFactor'), { enabled: true, recoveryCodesLeft: 10 });
    });

    it('is asked for after the password only', async () => {
      const withoutCode = await signIn();
      const wrongPassword = await cp.visitor().send('POST', '/session', {
        body: { username: person.username, password: 'wrong', code: codeIn() },
      });

      assert.deepEqual([withoutCode.status, codeOf(withoutCode)], [401, 'second_factor_needed']);
      assert.deepEqual([wrongPassword.status, codeOf(wrongPassword)], [401, 'unauthenticated']);
    });

    it('takes each code once, also when it comes twice at the same moment', async () => {
      const code = codeIn();

      const answers = await Promise.all([signIn(code), signIn(code)]);

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 401]);
      assert.equal(codeOf(await signIn(code)), 'second_factor_wrong');
      assert.equal((await signIn(codeIn(1))).status, 201);
    });

    it('is replaced by a recovery code, once, however it is typed', async () => {
      const typed = (recoveryCodes[0] ?? '').toUpperCase().replace('-', ' ');

      assert.equal((await signIn(typed)).status, 201);
      assert.equal(codeOf(await signIn(typed)), 'second_factor_wrong');
      assert.equal((await person.client.call('getSecondFactor')).recoveryCodesLeft, 9);
    });

    it('gets new recovery codes for the password; the old ones end', async () => {
      const renewed = await person.client.call('renewRecoveryCodes', { body: { password } });

      assert.equal(codeOf(await signIn(recoveryCodes[1])), 'second_factor_wrong');
      assert.equal((await signIn(renewed.recoveryCodes[1])).status, 201);
    });

    it('keeps no secret and no recovery code readable in the database', async () => {
      const rows = openDatabase(cp.database);
      try {
        const text = JSON.stringify([await rows('second_factors'), await rows('recovery_codes')]);
        assert.ok(!text.includes(recoveryCodes[2] ?? ''));
        assert.match(text, /"secret":"[A-Za-z0-9+/=]{60,}"/);
      } finally {
        await rows.destroy();
      }
    });

    it('is written down when it is turned on and off, and can be reset by an administrator', async () => {
      const other = await buildMember(cp, null);
      await other.client.refused('resetSecondFactor', 403, { params: { id: person.userId } });

      await cp.admin.call('resetSecondFactor', { params: { id: person.userId } });

      assert.equal((await signIn()).status, 201);
      const { items } = await cp.admin.call('listAudit', { query: { event: 'second-factor' } });
      assert.deepEqual(
        items.map(({ event, actor }) => [event, actor.name === 'admin']),
        [
          ['second-factor.disabled', true],
          ['second-factor.recovery-code-used', false],
          ['second-factor.recovery-codes-made', false],
          ['second-factor.recovery-code-used', false],
          ['second-factor.enabled', false],
        ],
      );
    });

    it('stops guessing, and only for whoever knew the password', async () => {
      await person.client.call('prepareSecondFactor', { body: { password } });
      const guesser = await buildMember(cp, null);
      const { uri } = await guesser.client.call('prepareSecondFactor', { body: { password } });
      await guesser.client.call('confirmSecondFactor', { body: { code: URI.parse(uri).generate() } });
      const statuses: number[] = [];
      for (let n = 0; n < 12; n++) {
        const { status } = await cp.visitor().send('POST', '/session', {
          body: { username: guesser.username, password, code: '123456' },
        });
        statuses.push(status);
      }

      assert.ok(statuses.includes(429), statuses.join(' '));
      assert.equal((await signIn()).status, 201);
    });
  });
}
