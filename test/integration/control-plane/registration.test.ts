import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { CLOSE, type DeviceCredentials } from '@flowyard/protocol';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { AgentClient } from '../../support/agent-client.ts';
import { buildApplication, buildMember, uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const AGENT = { agentVersion: '0.1.0', platform: 'linux x64' };

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`How machines become devices, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let teamId: string;
    let applicationId: string;
    const agents: AgentClient[] = [];

    before(async () => {
      cp = await startControlPlane({ database });
      ({ teamId, applicationId } = await buildApplication(cp));
    });
    afterEach(() => {
      for (const agent of agents.splice(0)) {
        agent.close();
      }
    });
    after(() => cp?.stop());

    async function buildDevice(): Promise<{ id: string; credentials: DeviceCredentials }> {
      return cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: uniqueName('press'), applicationId },
      });
    }

    async function connect(token: string): Promise<AgentClient> {
      const agent = await AgentClient.connect(cp.url, token);
      agents.push(agent);
      return agent;
    }

    async function refusedToken(token: string): Promise<void> {
      await assert.rejects(AgentClient.connect(cp.url, token), /401/);
    }

    async function forget(table: string, changes: Record<string, unknown>): Promise<void> {
      const rows = openDatabase(cp.database);
      try {
        await rows(table).update(changes);
      } finally {
        await rows.destroy();
      }
    }

    const join = (code: string, attempt: string = randomUUID()) => ({
      body: { code, agentVersion: '0.1.0', attempt },
    });
    const eventsOf = async (id: string) =>
      (await cp.admin.call('listTeamAudit', { params: { id: teamId }, query: { limit: 200 } })).items
        .filter(({ subject }) => subject.id === id)
        .map(({ event }) => event);

    describe('by a one-time code', () => {
      it('of three words, however they are typed, once; the credentials before end', async () => {
        const { id, credentials } = await buildDevice();
        const { code } = await cp.admin.call('createDeviceCode', { params: { id } });
        assert.match(code, /^[a-z]+-[a-z]+-[a-z]+$/);

        const joined = await cp
          .visitor()
          .call('joinWithCode', join(` ${code.toUpperCase().replaceAll('-', ' ')}`));

        assert.equal(joined.deviceId, id);
        (await connect(joined.token)).hello();
        await refusedToken(credentials.token);
        const { code: why } = await cp.visitor().refused('joinWithCode', 401, join(code));
        assert.equal(why, 'code_invalid');
        assert.ok((await eventsOf(id)).includes('device.joined'));
      });

      it('whose answer was lost is answered again to the same attempt', async () => {
        const { id } = await buildDevice();
        const { code } = await cp.admin.call('createDeviceCode', { params: { id } });
        const attempt = randomUUID();
        await cp.visitor().call('joinWithCode', join(code, attempt));

        const again = await cp.visitor().call('joinWithCode', join(code, attempt));

        (await connect(again.token)).hello();
      });

      it('that is replaced by a newer one, is old, or is none is not taken', async () => {
        const { id } = await buildDevice();
        const { code: first } = await cp.admin.call('createDeviceCode', { params: { id } });
        const { code: second } = await cp.admin.call('createDeviceCode', { params: { id } });
        await forget('device_codes', { expires_at: new Date(Date.now() - 1000).toISOString() });

        for (const code of [first, second, 'no-such-code']) {
          await cp.visitor().refused('joinWithCode', 401, join(code));
        }
        await cp.visitor().refused('joinWithCode', 422, join('one two'));
      });

      it('is made by owners only, and cannot be guessed at leisure', async () => {
        const { id } = await buildDevice();
        const { client } = await buildMember(cp, teamId, 'member');
        await client.refused('createDeviceCode', 403, { params: { id } });

        const statuses: number[] = [];
        for (let n = 0; n < 12; n++) {
          const answer = await cp.visitor().send('POST', '/agent/join', join('wrong-wrong-wrong'));
          statuses.push(answer.status);
        }

        assert.equal(statuses.at(-1), 429);
      });
    });

    describe('by asking a person', () => {
      const ask = () => cp.visitor().call('beginRegistration', { body: { name: 'ipc-17', ...AGENT } });

      it('who sees what asks, and says where it belongs', async () => {
        const { code, secret, url } = await ask();
        assert.equal(url, `${cp.url}/register-device/${code}`);
        const claim = () => cp.visitor().call('claimRegistration', { body: { secret } });
        assert.deepEqual(await claim(), { state: 'waiting', credentials: null });
        const seen = await cp.admin.call('getRegistration', { params: { code } });
        assert.deepEqual([seen.name, seen.platform], ['ipc-17', 'linux x64']);

        const { deviceId } = await cp.admin.call('acceptRegistration', {
          params: { code },
          body: { teamId, name: 'Press 17', applicationId },
        });

        const { state, credentials } = await claim();
        assert.equal(state, 'accepted');
        assert.equal(credentials?.deviceId, deviceId);
        (await connect(credentials?.token ?? '')).hello();
        const device = await cp.admin.call('getDevice', { params: { id: deviceId } });
        assert.deepEqual([device.name, device.application?.id], ['Press 17', applicationId]);
        await cp.admin.refused('getRegistration', 404, { params: { code } });
        await cp.admin.refused('acceptRegistration', 404, {
          params: { code },
          body: { teamId, name: 'Again' },
        });
      });

      it('who may say no', async () => {
        const { code, secret } = await ask();

        await cp.admin.call('refuseRegistration', { params: { code } });

        const { state } = await cp.visitor().call('claimRegistration', { body: { secret } });
        assert.equal(state, 'refused');
      });

      it('who must be able to add devices there', async () => {
        const { code } = await ask();
        const { client } = await buildMember(cp, teamId, 'member');
        const stranger = await buildMember(cp, null);
        const params = { code };
        const body = { teamId, name: 'Mine' };

        await cp.visitor().refused('getRegistration', 401, { params });
        await client.refused('acceptRegistration', 403, { params, body });
        await stranger.client.refused('acceptRegistration', 404, { params, body });
        await cp.admin.refused('acceptRegistration', 404, {
          params,
          body: { ...body, applicationId: 'nosuchapplication' },
        });
        await cp.admin.call('getRegistration', { params });
      });

      it('within a quarter of an hour', async () => {
        const { code, secret } = await ask();
        await forget('device_registrations', { expires_at: new Date(Date.now() - 1000).toISOString() });

        await cp.admin.refused('getRegistration', 404, { params: { code } });
        await cp.visitor().refused('claimRegistration', 404, { body: { secret } });
      });
    });

    describe('by a provisioning token', () => {
      async function tokenFor(limits: { namePattern?: string; networks?: string[] }): Promise<string> {
        const { token } = await cp.admin.call('createProvisioningToken', {
          params: { id: teamId },
          body: { name: 'line', applicationId, uses: 1, ...limits },
        });
        return token;
      }
      const register = (token: string, name: string) => ({
        headers: { authorization: `Bearer ${token}` },
        body: { name, agentVersion: '0.1.0' },
      });

      it('that asks for names of a kind; who does not fit uses up nothing', async () => {
        const token = await tokenFor({ namePattern: 'press-*' });

        const error = await cp.visitor().refused('registerDevice', 422, register(token, 'filler-1'));

        assert.match(error.message, /press-\*/);
        await cp.visitor().call('registerDevice', register(token, 'press-1'));
      });

      it('that is good in some networks only', async () => {
        const elsewhere = await tokenFor({ networks: ['192.0.2.0/24', '2001:db8::/32'] });
        const here = await tokenFor({ networks: ['127.0.0.0/8', '::1'] });

        const { code } = await cp.visitor().refused('registerDevice', 403, register(elsewhere, 'a'));

        assert.equal(code, 'other_network');
        await cp.visitor().call('registerDevice', register(here, 'a'));
        await cp.admin.refused('createProvisioningToken', 422, {
          params: { id: teamId },
          body: { name: 'bad', networks: ['10.0.0.0/33'] },
        });
      });
    });

    describe('and keep their credentials', () => {
      it('until the new ones, which a device takes by itself, and a while longer', async () => {
        const { id, credentials } = await buildDevice();
        const agent = await connect(credentials.token);
        agent.hello();
        await agent.target();

        const { graceUntil } = await cp.admin.call('renewDeviceCredentials', {
          params: { id },
          body: { graceHours: 24 },
        });
        agent.close();
        const again = await connect(credentials.token);
        again.hello();

        const command = await eventually(() => again.commands.find(({ type }) => type === 'new-token'));
        assert.ok(command?.type === 'new-token');
        const before = await cp.admin.call('getDevice', { params: { id } });
        assert.deepEqual(before.renewal, { oldUntil: graceUntil, taken: false });
        again.close();
        const renewed = await connect(command.token);
        renewed.hello();
        await renewed.target();
        assert.equal(
          renewed.commands.some(({ type }) => type === 'new-token'),
          false,
        );
        const after = await cp.admin.call('getDevice', { params: { id } });
        assert.deepEqual(after.renewal, { oldUntil: graceUntil, taken: true });
        assert.ok((await eventsOf(id)).includes('device.credentials-taken'));
        renewed.close();
        await forget('devices', { old_token_until: new Date(Date.now() - 1000).toISOString() });
        await refusedToken(credentials.token);
      });

      it('not a moment longer when they were stolen', async () => {
        const { id, credentials } = await buildDevice();

        const renewed = await cp.admin.call('renewDeviceCredentials', {
          params: { id },
          body: { graceHours: 0 },
        });

        await refusedToken(credentials.token);
        (await connect(renewed.credentials.token)).hello();
        assert.equal(renewed.credentials.secret, credentials.secret);
      });

      it('twice in a row without being cut off', async () => {
        const { id, credentials } = await buildDevice();
        const renew = () =>
          cp.admin.call('renewDeviceCredentials', { params: { id }, body: { graceHours: 24 } });
        await renew();
        const second = await renew();

        const agent = await connect(credentials.token);
        agent.hello();

        const command = await eventually(() => agent.commands.find(({ type }) => type === 'new-token'));
        assert.equal(command?.type === 'new-token' && command.token, second.credentials.token);
      });
    });

    describe('and are told from copies of themselves', () => {
      it('while the device is there', async () => {
        const { id, credentials } = await buildDevice();
        const device = await connect(credentials.token);
        device.hello();
        await device.target();

        const copy = await connect(credentials.token);
        copy.hello({ hostname: 'copy' });

        assert.equal(await eventually(() => copy.closeCode), CLOSE.cloned);
        assert.equal(device.closeCode, undefined);
        const view = await cp.admin.call('getDevice', { params: { id } });
        assert.deepEqual([view.presence, view.otherMachine?.hostname], ['online', 'copy']);
        const { items } = await cp.admin.call('listNotifications');
        assert.ok(items.some(({ kind, subject }) => kind === 'device.cloned' && subject.id === id));
      });

      it('by their hardware, also while the device is away; a person may let the other one be it', async () => {
        const { id, credentials } = await buildDevice();
        const device = await connect(credentials.token);
        device.hello({ hardware: ['card1', 'board1'] });
        await device.target();
        device.close();
        const sameWithOtherCard = await connect(credentials.token);
        sameWithOtherCard.hello({ hardware: ['card2', 'board1'] });
        await sameWithOtherCard.target();
        sameWithOtherCard.close();

        const copy = await connect(credentials.token);
        copy.hello({ hardware: ['card3', 'board3'], hostname: 'copy' });

        assert.equal(await eventually(() => copy.closeCode), CLOSE.cloned);
        assert.deepEqual(copy.commands, []);
        await cp.admin.call('acceptMachine', { params: { id } });
        const now = await connect(credentials.token);
        now.hello({ hardware: ['card3', 'board3'] });
        await now.target();
        await cp.admin.refused('acceptMachine', 409, { params: { id } });
      });
    });
  });
}
