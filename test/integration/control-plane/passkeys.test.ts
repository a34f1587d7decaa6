import assert from 'node:assert/strict';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { ApiClient } from '../../support/api-client.ts';
import { buildMember } from '../../support/builders.ts';
import {
  ADMIN_PASSWORD,
  type ControlPlaneInProcess,
  startControlPlane,
} from '../../support/control-plane.ts';

const attestation = { id: 'AAAA', clientDataJSON: 'AAAA', attestationObject: 'AAAA' };
const assertion = { id: 'AAAA', clientDataJSON: 'AAAA', authenticatorData: 'AAAA', signature: 'AAAA' };

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Passkeys, on ${database}`, () => {
    let cp: ControlPlaneInProcess;
    let person: { client: ApiClient; username: string; userId: string };

    /** Keeps a passkey whose key nobody has. */
    async function keep(id: string): Promise<string> {
      const rows = openDatabase(cp.database);
      try {
        await rows('passkeys').insert({
          id,
          user_id: person.userId,
          credential_id: id,
          public_key: 'AAAA',
          counter: 0,
          transports: '[]',
          name: id,
          created_at: new Date().toISOString(),
        });
      } finally {
        await rows.destroy();
      }
      return id;
    }

    before(async () => {
      cp = await startControlPlane({ database });
      person = await buildMember(cp, null);
    });
    after(() => cp?.stop());

    it('are asked for with the host of the public URL, and with the user verified', async () => {
      const { options } = await person.client.call('preparePasskey', { body: {} });

      assert.equal((options.rp as { id: string }).id, 'localhost');
      assert.match(JSON.stringify(options.authenticatorSelection), /"userVerification":"required"/);
    });

    it('take the password again ten minutes after the sign-in, or a new sign-in', async () => {
      const later = await buildMember(cp, null);
      const rows = openDatabase(cp.database);
      const begin = new Date(Date.now() - 11 * 60_000).toISOString();
      await rows('sessions').where({ user_id: later.userId }).update({ created_at: begin });
      await rows.destroy();
      const prepare = (body: { password?: string }) => later.client.refused('preparePasskey', 422, { body });

      for (const body of [{}, { password: 'a guess' }]) {
        assert.match(JSON.stringify((await prepare(body)).details), /"field":"password"/);
      }

      await later.client.call('preparePasskey', { body: { password: ADMIN_PASSWORD } });
    });

    it('are not made from what does not fit; a challenge is used up by one attempt', async () => {
      const { challengeId } = await person.client.call('preparePasskey', { body: {} });
      const body = { challengeId, name: 'Phone', response: attestation };

      await person.client.refused('createPasskey', 422, { body });
      await person.client.refused('createPasskey', 409, { body });
      assert.equal((await person.client.call('listPasskeys')).total, 0);
    });

    it('are not made with the challenge of another person or of a sign-in', async () => {
      const other = await buildMember(cp, null);
      const { challengeId } = await other.client.call('preparePasskey', { body: {} });
      const signIn = await cp.visitor().call('beginPasskeySignIn');
      for (const id of [challengeId, signIn.challengeId]) {
        const body = { challengeId: id, name: 'Phone', response: attestation };
        await person.client.refused('createPasskey', 409, { body });
      }
    });

    it('that are unknown or do not fit sign nobody in', async () => {
      const known = await keep('known1');
      for (const id of ['AAAA', known]) {
        const { challengeId } = await cp.visitor().call('beginPasskeySignIn');
        const body = { challengeId, response: { ...assertion, id } };
        await cp.visitor().refused('signInWithPasskey', 401, { body });
      }
    });

    it('are renamed and deleted by their owner alone', async () => {
      const other = await buildMember(cp, null);
      const params = { id: await keep('known2') };

      await other.client.refused('deletePasskey', 404, { params });
      await other.client.refused('renamePasskey', 404, { params, body: { name: 'Mine' } });
      await person.client.call('renamePasskey', { params, body: { name: 'Laptop' } });
      await person.client.call('deletePasskey', { params });

      const { items } = await person.client.call('listPasskeys');
      assert.deepEqual(
        items.map(({ name }) => name),
        ['known1'],
      );
    });

    it('are all deleted by an administrator, and that is written down', async () => {
      const params = { id: person.userId };
      await person.client.refused('resetPasskeys', 403, { params });

      await cp.admin.call('resetPasskeys', { params });

      assert.equal((await person.client.call('listPasskeys')).total, 0);
      const { items } = await cp.admin.call('listAudit', { query: { event: 'passkey' } });
      assert.deepEqual(
        items.map(({ event }) => event),
        ['passkey.deleted', 'passkey.deleted', 'passkey.renamed'],
      );
    });

    it('are at most twenty, and are never added with an access token', async () => {
      const { token } = await person.client.call('createAccessToken', { body: { name: 'Program' } });
      await new ApiClient(person.client.url, token).refused('preparePasskey', 403, { body: {} });
      for (let n = 0; n < 20; n++) {
        await keep(`many${String(n).padStart(2, '0')}`);
      }

      const { code } = await person.client.refused('preparePasskey', 409, { body: {} });

      assert.equal(code, 'too_many_passkeys');
    });

    it('are tried ten times in a minute from one address', async () => {
      const statuses: number[] = [];
      for (let n = 0; n < 12; n++) {
        const body = { challengeId: 'aaaaaa', response: assertion };
        statuses.push((await cp.visitor().send('POST', '/session/passkey', { body })).status);
      }

      assert.ok(statuses.includes(401) && statuses.at(-1) === 429, statuses.join(' '));
    });
  });
}
