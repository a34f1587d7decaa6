import assert from 'node:assert/strict';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { ApiClient } from '../../support/api-client.ts';
import { buildApplication, buildMember } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Signing in from somebody's own Node-RED, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let teamId: string;
    let applicationId: string;

    before(async () => {
      cp = await startControlPlane({ database });
      ({ teamId, applicationId } = await buildApplication(cp));
    });
    after(() => cp?.stop());

    const begin = () =>
      cp.visitor().call('beginNodeRedSignIn', { body: { client_name: 'laptop of the maintenance' } });
    const claim = (device_code: string) =>
      cp.visitor().send('POST', '/oauth/token', { body: { grant_type: DEVICE_CODE, device_code } });
    async function refusal(device_code: string): Promise<unknown> {
      const { status, body } = await claim(device_code);
      assert.equal(status, 400);
      return (body as { error: { code: string } }).error.code;
    }
    /** As if time had passed since it was asked last. */
    async function change(user_code: string, changes: Record<string, unknown>): Promise<void> {
      const rows = openDatabase(cp.database);
      try {
        await rows('node_red_sign_ins').where({ code: user_code }).update(changes);
      } finally {
        await rows.destroy();
      }
    }

    it('gives the Node-RED a token of one team once its person has agreed on the page', async () => {
      const member = await buildMember(cp, teamId, 'member');
      const begun = await begin();
      assert.match(begun.user_code, /^[a-z]+-[a-z]+-[a-z]+$/);
      assert.equal(begun.verification_uri_complete, `${cp.url}/sign-in-node-red/${begun.user_code}`);
      assert.equal(await refusal(begun.device_code), 'authorization_pending');

      const asking = await member.client.call('getNodeRedSignIn', { params: { code: begun.user_code } });
      assert.equal(asking.name, 'laptop of the maintenance');
      await member.client.call('acceptNodeRedSignIn', {
        params: { code: begun.user_code },
        body: { teamId },
      });

      const { status, body } = await claim(begun.device_code);
      assert.equal(status, 200);
      const { access_token: token } = body as { access_token: string };
      const again = (await claim(begun.device_code)).body as { access_token: string };
      assert.equal(again.access_token, token, 'an answer that was lost can be asked for again');
      const nodeRed = new ApiClient(cp.url, token);
      assert.equal((await nodeRed.call('getUser', {})).username, member.username);
      assert.equal((await nodeRed.call('listTeams', {})).items.length, 1);
      assert.equal(
        (await nodeRed.call('getApplication', { params: { id: applicationId } })).id,
        applicationId,
      );
      const { items } = await member.client.call('listAccessTokens', {});
      assert.deepEqual(
        items.map(({ name, teamId: only }) => [name, only]),
        [['Node-RED laptop of the maintenance', teamId]],
      );
    });

    it('says to ask less often', async () => {
      const { device_code, user_code } = await begin();
      assert.equal(await refusal(device_code), 'authorization_pending');
      assert.equal(await refusal(device_code), 'slow_down');

      await change(user_code, { asked_at: new Date(Date.now() - 10_000).toISOString() });
      assert.equal(await refusal(device_code), 'authorization_pending');
    });

    it('gives nothing when the person refuses, or time is over', async () => {
      const { client } = await buildMember(cp, teamId, 'member');
      const refused = await begin();
      await client.call('refuseNodeRedSignIn', { params: { code: refused.user_code } });
      assert.equal(await refusal(refused.device_code), 'access_denied');
      const accept = await client.send('POST', `/node-red-sign-ins/${refused.user_code}`, {
        body: { teamId },
      });
      assert.equal(accept.status, 404);

      const late = await begin();
      await change(late.user_code, { expires_at: new Date(Date.now() - 1000).toISOString() });
      assert.equal(await refusal(late.device_code), 'expired_token');
      assert.equal((await client.send('GET', `/node-red-sign-ins/${late.user_code}`)).status, 404);
      assert.equal(await refusal('fyr_nobody-has-this'), 'expired_token');
    });

    it('is for people of the team who are signed in on the page', async () => {
      const { user_code, device_code } = await begin();
      const { client: eve } = await buildMember(cp, null);

      assert.equal((await cp.visitor().send('GET', `/node-red-sign-ins/${user_code}`)).status, 401);
      assert.equal(
        (await eve.send('POST', `/node-red-sign-ins/${user_code}`, { body: { teamId } })).status,
        422,
      );
      const { client } = await buildMember(cp, teamId, 'member');
      const { token } = await client.call('createAccessToken', { body: { name: 'script', teamId } });
      const program = new ApiClient(cp.url, token);
      assert.equal(
        (await program.send('POST', `/node-red-sign-ins/${user_code}`, { body: { teamId } })).status,
        403,
      );
      assert.equal(await refusal(device_code), 'authorization_pending');
    });

    it('ends where the person signs out in Node-RED', async () => {
      const { client } = await buildMember(cp, teamId, 'member');
      const { token } = await client.call('createAccessToken', { body: { name: 'Node-RED here', teamId } });
      const nodeRed = new ApiClient(cp.url, token);
      assert.equal((await nodeRed.send('GET', '/user')).status, 200);

      await cp.visitor().call('revokeToken', { body: { token } });
      await cp.visitor().call('revokeToken', { body: { token } });

      assert.equal((await nodeRed.send('GET', '/user')).status, 401);
      assert.equal((await client.call('listAccessTokens', {})).items.length, 0);
    });

    it('lets no address ask without end', async () => {
      let last = 201;
      for (let asked = 0; asked < 40 && last < 400; asked++) {
        last = (await cp.visitor().send('POST', '/oauth/device', { body: { client_name: 'rush' } })).status;
      }
      assert.equal(last, 429);
    });
  });
}
