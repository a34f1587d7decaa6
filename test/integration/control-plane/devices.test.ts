import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { DeviceView } from '@flowyard/protocol';
import { AgentClient } from '../../support/agent-client.ts';
import { ApiClient } from '../../support/api-client.ts';
import { answeringFlow, buildApplication, buildInstance, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const YEAR_MS = 365 * 24 * 3600 * 1000;

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Devices, on ${database}`, () => {
    let cp: RunningControlPlane;
    let place: { teamId: string; applicationId: string };
    let snapshotId: string;
    let instanceId: string;
    const agents: AgentClient[] = [];

    before(async () => {
      cp = await startControlPlane({ database });
      place = await buildApplication(cp);
      const broker = { id: 'broker1', type: 'mqtt-broker', broker: '127.0.0.1' };
      instanceId = (await buildInstance(cp, place.applicationId)).id;
      await cp.admin.call('putFlows', {
        params: { id: instanceId },
        body: {
          revision: 0,
          flows: [...answeringFlow('x'), broker],
          credentials: { broker1: { user: 'u', password: 'p' } },
        },
      });
      snapshotId = (
        await cp.admin.call('createInstanceSnapshot', { params: { id: instanceId }, body: { name: 'One' } })
      ).id;
    });
    afterEach(() => {
      for (const agent of agents.splice(0)) {
        agent.close();
      }
    });
    after(() => cp?.stop());

    async function buildDevice(assignment: object = { applicationId: place.applicationId }) {
      return cp.admin.call('createDevice', {
        params: { id: place.teamId },
        body: { name: uniqueName('device'), ...assignment },
      });
    }

    async function connect(
      token: string,
      hello: Parameters<AgentClient['hello']>[0] = {},
    ): Promise<AgentClient> {
      const agent = await AgentClient.connect(cp.url, token);
      agents.push(agent);
      agent.hello(hello);
      return agent;
    }

    function deviceWith(id: string, fits: (device: DeviceView) => boolean): Promise<DeviceView> {
      return eventually(async () => {
        const device = await cp.admin.call('getDevice', { params: { id } });
        return fits(device) && device;
      });
    }

    async function setTarget(
      kind: 'setDeviceTarget' | 'setDeviceGroupTarget' | 'setInstanceTarget',
      id: string,
      to: string | null,
    ) {
      await cp.admin.call(kind, { params: { id }, body: { snapshotId: to } });
    }

    it('are never connected, then online, then offline', async () => {
      const { id, credentials, device } = await buildDevice();
      assert.equal(device.status, 'never');

      const agent = await connect(credentials.token);
      await deviceWith(id, ({ status }) => status === 'waiting');
      agent.close();

      const gone = await deviceWith(id, ({ status }) => status === 'offline');
      assert.ok(gone.lastSeenAt);
    });

    it('take their own target before that of their group, and that before the one of their instance', async () => {
      const other = await cp.admin.call('createInstanceSnapshot', {
        params: { id: instanceId },
        body: { name: 'Two' },
      });
      const group = await cp.admin.call('createDeviceGroup', {
        params: { id: place.applicationId },
        body: { name: 'Group' },
      });
      const { id, credentials } = await buildDevice();
      await cp.admin.call('updateDeviceGroupMembers', { params: { id: group.id }, body: { add: [id] } });
      const agent = await connect(credentials.token);
      const first = await agent.target(({ snapshot }) => snapshot === null);

      await setTarget('setDeviceGroupTarget', group.id, snapshotId);
      const second = await agent.target(({ snapshot }) => snapshot?.id === snapshotId);
      await setTarget('setDeviceTarget', id, other.id);
      await agent.target(({ snapshot }) => snapshot?.id === other.id);
      await setTarget('setDeviceTarget', id, null);
      const last = await agent.target(({ snapshot }) => snapshot?.id === snapshotId);

      assert.ok(first.generation < second.generation && second.generation < last.generation);
      const view = await cp.admin.call('getDevice', { params: { id } });
      assert.equal(view.targetOrigin, 'device-group');
    });

    it('run the target of the instance that they are assigned to', async () => {
      const { id, credentials } = await buildDevice({ instanceId });
      const agent = await connect(credentials.token);

      await setTarget('setInstanceTarget', instanceId, snapshotId);

      await agent.target(({ snapshot }) => snapshot?.id === snapshotId);
      assert.equal((await cp.admin.call('getDevice', { params: { id } })).targetOrigin, 'instance');
    });

    it('fetch the parts of their target, credentials encrypted for them, and nothing else', async () => {
      const { id, credentials } = await buildDevice();
      await setTarget('setDeviceTarget', id, snapshotId);
      const agent = await connect(credentials.token);
      const { snapshot } = await agent.target(({ snapshot: wanted }) => wanted !== null);
      const fetchBlob = async (digest: string, token: string) =>
        fetch(`${cp.url}/api/v1/agent/blobs/${digest}`, { headers: { authorization: `Bearer ${token}` } });

      const flows = await fetchBlob(snapshot?.manifest.flows ?? '', credentials.token);
      const secrets = await fetchBlob(snapshot?.manifest.credentials ?? '', credentials.token);

      const bytes = Buffer.from(await flows.arrayBuffer());
      assert.equal(`sha256-${createHash('sha256').update(bytes).digest('hex')}`, snapshot?.manifest.flows);
      const sealed = Buffer.from(await secrets.arrayBuffer());
      assert.equal(
        `sha256-${createHash('sha256').update(sealed).digest('hex')}`,
        snapshot?.manifest.credentials,
      );
      assert.ok(!sealed.toString().includes('password'));
      const stranger = await buildDevice();
      assert.equal((await fetchBlob(snapshot?.manifest.flows ?? '', stranger.credentials.token)).status, 404);
      assert.equal((await fetchBlob(snapshot?.manifest.flows ?? '', 'fyd_nobody')).status, 401);
    });

    it('are in drift when they run something else than their target', async () => {
      const { id, credentials } = await buildDevice();
      await setTarget('setDeviceTarget', id, snapshotId);
      const agent = await connect(credentials.token);

      agent.state({
        state: 'running',
        snapshotId: null,
        failedSnapshotId: snapshotId,
        reason: 'a module is missing',
      });
      const drifting = await deviceWith(id, ({ status }) => status === 'drift');
      agent.state({ state: 'running', snapshotId });

      assert.equal(drifting.reason, 'a module is missing');
      await deviceWith(id, ({ status }) => status === 'running');
    });

    it('work with a clock that is off by a year, and the page shows by how much', async () => {
      const { id, credentials } = await buildDevice();

      await connect(credentials.token, { time: Date.now() - YEAR_MS });

      const device = await deviceWith(id, ({ clockSkewMs }) => clockSkewMs !== null);
      assert.ok(Math.abs((device.clockSkewMs ?? 0) + YEAR_MS) < 60_000, String(device.clockSkewMs));
      assert.equal(device.presence, 'online');
    });

    it('move between places: out of the group, with what the new place wants', async () => {
      const group = await cp.admin.call('createDeviceGroup', {
        params: { id: place.applicationId },
        body: { name: 'Old' },
      });
      const other = await cp.admin.call('createApplication', {
        params: { id: place.teamId },
        body: { name: 'Elsewhere' },
      });
      const { id } = await buildDevice();
      await cp.admin.call('updateDeviceGroupMembers', { params: { id: group.id }, body: { add: [id] } });
      await setTarget('setDeviceTarget', id, snapshotId);

      const moved = await cp.admin.call('assignDevice', {
        params: { id },
        body: { applicationId: other.id },
      });

      assert.equal(moved.deviceGroup, null);
      assert.equal(moved.targetSnapshot, null);
      const free = await cp.admin.call('assignDevice', { params: { id }, body: {} });
      assert.equal(free.application, null);
    });

    it('are assigned to applications or instances of their team, and groups take only their own application', async () => {
      const elsewhere = await buildApplication(cp);
      const { id } = await buildDevice({});
      const another = await buildDevice({});
      const group = await cp.admin.call('createDeviceGroup', {
        params: { id: place.applicationId },
        body: { name: 'Strict' },
      });

      await cp.admin.refused('assignDevice', 422, {
        params: { id },
        body: { applicationId: elsewhere.applicationId },
      });
      await cp.admin.refused('assignDevice', 404, { params: { id }, body: { instanceId: another.id } });
      await cp.admin.refused('assignDevice', 422, {
        params: { id },
        body: { applicationId: place.applicationId, instanceId },
      });
      const error = await cp.admin.refused('updateDeviceGroupMembers', 422, {
        params: { id: group.id },
        body: { add: [id] },
      });

      assert.match(error.message, /not assigned to the application/);
    });

    it('are told once for each restart and retry that was asked for', async () => {
      const { id, credentials } = await buildDevice();
      const agent = await connect(credentials.token);
      const before = await agent.target();

      await cp.admin.call('controlDevice', { params: { id }, body: { action: 'restart' } });
      await cp.admin.call('controlDevice', { params: { id }, body: { action: 'retry' } });
      await cp.admin.call('controlDevice', { params: { id }, body: { action: 'suspend' } });

      const after = await agent.target(({ desired }) => desired === 'suspended');
      assert.equal(after.restarts, before.restarts + 1);
      assert.equal(after.retries, before.retries + 1);
    });

    it('are rolled back to what they ran before, and back again', async () => {
      const { id, credentials } = await buildDevice();
      const params = { id };
      const rollBack = { params, body: { action: 'rollback' as const } };
      const other = await cp.admin.call('createInstanceSnapshot', {
        params: { id: instanceId },
        body: { name: 'Two' },
      });
      const agent = await connect(credentials.token);
      agent.state({ state: 'running', snapshotId });
      await deviceWith(id, (device) => device.runningSnapshot?.id === snapshotId);
      const { code } = await cp.admin.refused('controlDevice', 409, rollBack);
      assert.equal(code, 'nothing_before');
      agent.state({ state: 'updating', snapshotId });
      agent.state({ state: 'running', snapshotId: other.id });
      await deviceWith(id, (device) => device.previousSnapshot?.id === snapshotId);

      await cp.admin.call('controlDevice', rollBack);

      const target = await agent.target((wanted) => wanted.snapshot?.id === snapshotId);
      assert.equal(target.retries, 1, 'also when it gave that one up once');
      agent.state({ state: 'running', snapshotId });
      await deviceWith(id, (device) => device.previousSnapshot?.id === other.id);
      await cp.admin.call('setDeviceTarget', { params, body: { snapshotId: null } });
      await cp.admin.call('deleteSnapshot', { params: { id: other.id } });
      await cp.admin.refused('controlDevice', 409, rollBack);
    });

    it('have one connection: one that does not answer any more gives way to the next', async () => {
      const { id, credentials } = await buildDevice();
      const first = await connect(credentials.token);
      await first.target();
      first.freeze();

      const second = await connect(credentials.token);
      await second.target();

      assert.equal((await cp.admin.call('getDevice', { params: { id } })).presence, 'online');
    });

    it('are let go when they are removed', async () => {
      const { id, credentials } = await buildDevice();
      const agent = await connect(credentials.token);
      await agent.target();

      await cp.admin.call('deleteDevice', { params: { id } });

      await eventually(() => agent.closeCode === 4401);
      await assert.rejects(AgentClient.connect(cp.url, credentials.token), /401/);
    });

    it('that break the protocol, or speak another version, are refused', async () => {
      const { credentials } = await buildDevice();
      const rude = await connect(credentials.token);
      rude.send('{"type":"state","current":"fine"}');
      await eventually(() => rude.closeCode === 4400);

      const old = await connect(credentials.token, { protocol: 99 });
      await eventually(() => old.closeCode === 4406);
    });

    it('join by a token into the group that it names', async () => {
      const group = await cp.admin.call('createDeviceGroup', {
        params: { id: place.applicationId },
        body: { name: 'Joined' },
      });
      await setTarget('setDeviceGroupTarget', group.id, snapshotId);
      const { token } = await cp.admin.call('createProvisioningToken', {
        params: { id: place.teamId },
        body: { name: 'Hall 3', deviceGroupId: group.id },
      });

      const credentials = await new ApiClient(cp.url, token).call('registerDevice', {
        body: { name: 'joined', agentVersion: '0.1.0' },
      });

      const agent = await connect(credentials.token);
      await agent.target(({ snapshot }) => snapshot?.id === snapshotId);
      assert.equal((await cp.admin.call('getDeviceGroup', { params: { id: group.id } })).devices, 1);
    });

    it('follow a push to their group, and one that fails is said with its reason', async () => {
      const group = await cp.admin.call('createDeviceGroup', {
        params: { id: place.applicationId },
        body: { name: 'Pushed' },
      });
      const members = await Promise.all([buildDevice(), buildDevice(), buildDevice()]);
      await cp.admin.call('updateDeviceGroupMembers', {
        params: { id: group.id },
        body: { add: members.map(({ id }) => id) },
      });
      const [good, bad] = await Promise.all(
        members.slice(0, 2).map(({ credentials }) => connect(credentials.token)),
      );
      const pipeline = await cp.admin.call('createPipeline', {
        params: { id: place.applicationId },
        body: { name: 'P' },
      });
      const params = { id: pipeline.id };
      await cp.admin.call('createStage', { params, body: { name: 'From', instanceId } });
      const { stages } = await cp.admin.call('createStage', {
        params,
        body: { name: 'To', deviceGroupId: group.id },
      });

      const { deployment } = await cp.admin.call('deployStage', {
        params: { id: stages[0]?.id ?? '' },
        body: {},
      });
      const wanted = deployment.snapshot.id;
      const target = await good?.target(({ snapshot }) => snapshot?.id === wanted);
      await bad?.target(({ snapshot }) => snapshot?.id === wanted);
      good?.state({ generation: target?.generation ?? 0, state: 'running', snapshotId: wanted });
      bad?.state({
        generation: target?.generation ?? 0,
        state: 'running',
        failedSnapshotId: wanted,
        reason: 'no such module',
      });

      const ended = await eventually(
        async () => {
          const now = await cp.admin.call('getDeployment', { params: { id: deployment.id } });
          return now.finishedAt !== null && now;
        },
        { withinMs: 60_000 },
      );
      assert.equal(ended.state, 'failed');
      assert.match(ended.message ?? '', /1 of 3 targets failed: device-\d+. no such module/);
      assert.deepEqual(ended.targets.map(({ state }) => state).sort(), ['failed', 'skipped', 'succeeded']);
      const { attention } = await cp.admin.call('getTeamOverview', { params: { id: place.teamId } });
      assert.ok(attention.some(({ kind, id }) => kind === 'deployment' && id === deployment.id));
    });

    it('cannot be pushed to while a push is under way, and an aborted push leaves them in peace', async () => {
      const group = await cp.admin.call('createDeviceGroup', {
        params: { id: place.applicationId },
        body: { name: 'Busy' },
      });
      const member = await buildDevice();
      await cp.admin.call('updateDeviceGroupMembers', {
        params: { id: group.id },
        body: { add: [member.id] },
      });
      await connect(member.credentials.token);
      const pipeline = await cp.admin.call('createPipeline', {
        params: { id: place.applicationId },
        body: { name: 'Q' },
      });
      const params = { id: pipeline.id };
      await cp.admin.call('createStage', { params, body: { name: 'From', instanceId } });
      const { stages } = await cp.admin.call('createStage', {
        params,
        body: { name: 'To', deviceGroupId: group.id },
      });
      const push = { params: { id: stages[0]?.id ?? '' }, body: {} };
      const { deployment } = await cp.admin.call('deployStage', push);

      assert.equal((await cp.admin.refused('deployStage', 409, push)).code, 'deployment_running');
      await cp.admin.call('controlDeployment', { params: { id: deployment.id }, body: { action: 'abort' } });

      const ended = await cp.admin.call('getDeployment', { params: { id: deployment.id } });
      assert.equal(ended.state, 'aborted');
      await cp.admin.call('deployStage', push);
    });
  });
}
