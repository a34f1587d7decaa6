import assert from 'node:assert/strict';
import type { FlowNode, StageAction } from '@flowyard/protocol';
import { AgentClient } from '../../support/agent-client.ts';
import {
  answeringFlow,
  buildApplication,
  buildInstance,
  buildMember,
  uniqueName,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

/** What a device runs after somebody worked on it: not what any snapshot has. */
const EDITED = answeringFlow('made on the device');

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Stages that are devices or groups, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let teamId: string;
    let applicationId: string;
    let device: { id: string; name: string; token: string };
    let target: string;
    let pipelineId: string;
    /** The stage that is the device. */
    let stage: string;
    let agent: AgentClient | undefined;

    before(async () => {
      cp = await startControlPlane({ database });
    });
    after(() => cp?.stop());
    beforeEach(async () => {
      ({ teamId, applicationId } = await buildApplication(cp));
      const body = { name: uniqueName('device'), applicationId };
      const made = await cp.admin.call('createDevice', { params: { id: teamId }, body });
      device = { id: made.id, name: made.device.name, token: made.credentials.token };
      target = (await buildInstance(cp, applicationId)).id;
      const params = { id: applicationId };
      pipelineId = (await cp.admin.call('createPipeline', { params, body: { name: 'Plant' } })).id;
      stage = (await addStage({ name: 'Device', deviceId: device.id })).at(-1)?.id ?? '';
      await addStage({ name: 'Spare', instanceId: target });
    });
    afterEach(() => {
      agent?.close();
      agent = undefined;
    });

    const addStage = async (body: { name: string } & Record<string, unknown>) =>
      (await cp.admin.call('createStage', { params: { id: pipelineId }, body })).stages;
    const choose = (action: StageAction, id = stage) =>
      cp.admin.call('updateStage', { params: { id }, body: { action } });
    const push = (body: object = {}) => cp.admin.call('deployStage', { params: { id: stage }, body });
    const dryRun = () => cp.admin.call('dryRunStage', { params: { id: stage } });
    const snapshots = async () =>
      (await cp.admin.call('listDeviceSnapshots', { params: { id: device.id } })).items;
    const pushes = async () => (await cp.admin.call('listDeployments', { params: { id: pipelineId } })).items;

    /** A snapshot of an instance that is in the application of the device. */
    async function release(name: string): Promise<string> {
      const { id } = await buildInstance(cp, applicationId, { flows: answeringFlow(name) });
      return (await cp.admin.call('createInstanceSnapshot', { params: { id }, body: { name } })).id;
    }

    /** The device is there, runs a snapshot, and sends what runs when it is asked, or says that it cannot. */
    async function online(runs: string | null, flows: FlowNode[] | null = EDITED): Promise<void> {
      agent = await AgentClient.connect(cp.url, device.token);
      agent.hello({
        capabilities: ['snapshot'],
        current: { state: runs === null ? 'idle' : 'running', snapshotId: runs },
      });
      await eventually(async () => {
        const view = await cp.admin.call('getDevice', { params: { id: device.id } });
        return view.presence === 'online' && (view.runningSnapshot?.id ?? null) === runs;
      });
      void answerWhenAsked(agent, runs, flows);
    }

    async function answerWhenAsked(
      client: AgentClient,
      runs: string | null,
      flows: FlowNode[] | null,
    ): Promise<void> {
      const answered = new Set<string>();
      for (;;) {
        const asked = await eventually(
          () => {
            if (client.closeCode !== undefined) {
              return 'closed';
            }
            return client.commands.find((one) => one.type === 'take-snapshot' && !answered.has(one.id));
          },
          { withinMs: 60_000 },
        );
        if (asked === 'closed' || asked.type !== 'take-snapshot') {
          return;
        }
        answered.add(asked.id);
        if (flows === null) {
          client.send({ type: 'request-failed', id: asked.id, reason: 'Node-RED does not run' });
          continue;
        }
        await fetch(`${cp.url}/api/v1/agent/snapshots`, {
          method: 'POST',
          headers: { authorization: `Bearer ${device.token}`, 'content-type': 'application/json' },
          body: JSON.stringify({
            ...{ requestId: asked.id, baseSnapshotId: runs, flows, credentials: {}, modules: {} },
            ...{ nodeRed: '4.1.15', nodeJs: '20.0.0' },
          }),
        });
      }
    }

    const flowsAtTarget = () =>
      eventually(async () => {
        const [last] = await pushes();
        assert.equal(last?.state, 'succeeded');
        return (await cp.admin.call('getFlows', { params: { id: target } })).flows;
      });

    it('pass on what runs there when nothing else is chosen, and until it runs anything its target', async () => {
      const first = await release('first');
      await cp.admin.call('setDeviceTarget', { params: { id: device.id }, body: { snapshotId: first } });
      assert.equal((await dryRun()).snapshot?.id, first);

      const second = await release('second');
      await online(second);
      await push();

      assert.deepEqual(await flowsAtTarget(), answeringFlow('second'));
      assert.deepEqual(await snapshots(), []);
    });

    it('take a new snapshot of a device, and the dry run says what it would have and keeps nothing', async () => {
      await choose('create');
      await online(await release('first'));

      const run = await dryRun();
      assert.equal(run.snapshot, null);
      assert.deepEqual(run.refusals, []);
      assert.equal(run.comparison.same, false);
      assert.deepEqual(await snapshots(), []);
      const { deployment } = await push();

      assert.deepEqual(await flowsAtTarget(), EDITED);
      const [taken, ...others] = await snapshots();
      assert.deepEqual(others, []);
      assert.equal(taken?.id, deployment.snapshot.id);
      assert.equal(taken?.kind, 'deploy');
      assert.equal((await dryRun()).comparison.same, true);
    });

    it('of a device that is away or cannot send are refused, and nothing is changed', async () => {
      await choose('create');

      const away = await cp.admin.refused('deployStage', 409, { params: { id: stage }, body: {} });
      assert.equal(away.code, 'device_offline');
      assert.match(away.message, new RegExp(device.name));
      const before = await cp.admin.refused('dryRunStage', 409, { params: { id: stage } });
      assert.equal(before.code, 'device_offline');

      await online(await release('first'), null);
      const fails = await cp.admin.refused('deployStage', 409, { params: { id: stage }, body: {} });
      assert.equal(fails.code, 'snapshot_failed');
      assert.deepEqual(await snapshots(), []);
      assert.deepEqual(await pushes(), []);
      assert.deepEqual((await cp.admin.call('getFlows', { params: { id: target } })).flows, []);
    });

    it('do not ask a device for a push that is refused anyway', async () => {
      await choose('create');
      const spare = (await cp.admin.call('getPipeline', { params: { id: pipelineId } })).stages[1]?.id ?? '';
      await cp.admin.call('updateStage', { params: { id: spare }, body: { approval: true } });
      await online(await release('first'));
      await push();
      const asked = agent?.commands.length;

      const { code } = await cp.admin.refused('deployStage', 409, { params: { id: stage }, body: {} });
      assert.equal(code, 'deployment_running');
      const viewer = await buildMember(cp, teamId, 'viewer');
      await viewer.client.refused('deployStage', 403, { params: { id: stage }, body: {} });

      assert.equal(agent?.commands.length, asked);
      assert.equal((await snapshots()).length, 1);
    });

    it('take the newest snapshot of a device, also while it is away', async () => {
      await choose('latest');
      const none = await cp.admin.refused('deployStage', 409, { params: { id: stage }, body: {} });
      assert.equal(none.code, 'no_snapshot');
      await online(await release('first'));
      const { id } = await cp.admin.call('createDeviceSnapshot', {
        params: { id: device.id },
        body: { name: 'Kept' },
      });
      agent?.close();

      assert.equal((await dryRun()).snapshot?.id, id);
      const { deployment } = await push();

      assert.equal(deployment.snapshot.id, id);
      assert.deepEqual(await flowsAtTarget(), EDITED);
    });

    it('ask which snapshot it is', async () => {
      await choose('prompt');
      await cp.admin.refused('deployStage', 422, { params: { id: stage }, body: {} });
      const chosen = await release('chosen');

      const { deployment } = await push({ snapshotId: chosen });

      assert.equal(deployment.snapshot.id, chosen);
    });

    it('are pushed by triggers in the same way, which say why they could not', async () => {
      await choose('create');
      const { webhookPath } = await cp.admin.call('createTrigger', {
        params: { id: stage },
        body: { kind: 'webhook' },
      });
      const pull = () =>
        fetch(`${cp.url}${webhookPath}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        });

      assert.equal((await pull()).status, 409);
      const { items } = await cp.admin.call('listTriggers', { params: { id: stage } });
      assert.match(items[0]?.lastProblem ?? '', /is offline/);
      await online(await release('first'));
      assert.equal((await pull()).status, 202);

      assert.deepEqual(await flowsAtTarget(), EDITED);
    });

    it('refuse for a group what makes no sense there, when it is made and when it is changed', async () => {
      const params = { id: applicationId };
      const group = await cp.admin.call('createDeviceGroup', { params, body: { name: 'Line' } });
      for (const action of ['create', 'latest'] as const) {
        const { message, details } = await cp.admin.refused('createStage', 422, {
          params: { id: pipelineId },
          body: { name: 'Line', deviceGroupId: group.id, action },
        });
        assert.match(message, /no snapshots are taken of a group/);
        assert.match(JSON.stringify(details), /"field":"action"/);
      }
      const stages = await addStage({ name: 'Line', deviceGroupId: group.id });
      assert.deepEqual(
        stages.map(({ action }) => action),
        ['active', 'create', 'active'],
      );
      const id = stages[2]?.id ?? '';

      const refused = await cp.admin.refused('updateStage', 422, {
        params: { id },
        body: { action: 'latest' },
      });

      assert.match(refused.message, /no snapshots are taken of a group/);
      await choose('prompt', id);
    });
  });
}
