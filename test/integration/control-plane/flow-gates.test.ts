import assert from 'node:assert/strict';
import type { DeploymentView, FlowNode, InstanceView } from '@flowyard/protocol';
import { getFromInstance } from '../../support/api-client.ts';
import {
  answers,
  buildApplication,
  buildInstance,
  deploy,
  instanceIn,
  uniqueName,
} from '../../support/builders.ts';
import { ControlPlaneProcess } from '../../support/control-plane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { gatedFlows, sayingFlows } from '../../support/gate-flows.ts';
import { RolloutFleet } from '../../support/rollout-fleet.ts';

const HELLO = '/hello';
const LONG = { withinMs: 60_000 };

describe('What flows of hosted instances say', function () {
  this.timeout(180_000);
  const cp = new ControlPlaneProcess({ FLOWYARD_HEALTH_SECONDS: '1' });
  let applicationId: string;

  before(async () => {
    await cp.start();
    ({ applicationId } = await buildApplication(cp));
  });
  after(() => cp.stop());

  const view = (id: string) => cp.admin.call('getInstance', { params: { id } });
  const deployment = (id: string) => cp.admin.call('getDeployment', { params: { id } });
  const say = (instance: InstanceView, path: string) =>
    eventually(async () => (await getFromInstance(instance.url, path)).status === 200);
  const waits = (id: string) =>
    eventually(async () => {
      const { step } = await view(id);
      return step !== null && /^waits: the flow holds updates until .* UTC: Batch 42$/.test(step);
    }, LONG);

  async function running(flows: FlowNode[], text: string): Promise<InstanceView> {
    const instance = await buildInstance(cp, applicationId, { start: true, flows });
    await instanceIn(cp, instance.id, 'running');
    await answers(instance, text, HELLO);
    return instance;
  }

  async function locked(): Promise<InstanceView> {
    const instance = await running(gatedFlows('one'), 'one');
    await say(instance, '/lock?say=lock&reason=Batch%2042');
    await eventually(async () => (await view(instance.id)).flow.hold?.reason === 'Batch 42');
    return instance;
  }

  /** Pushes these flows into the instance. */
  async function push(flows: FlowNode[], into: InstanceView): Promise<DeploymentView> {
    const from = await buildInstance(cp, applicationId, { flows });
    const { id } = await cp.admin.call('createPipeline', {
      params: { id: applicationId },
      body: { name: uniqueName('line') },
    });
    const stage = (name: string, instanceId: string) =>
      cp.admin.call('createStage', { params: { id }, body: { name, instanceId } });
    await stage('From', from.id);
    const { stages } = await stage('To', into.id);
    const params = { id: stages[0]?.id ?? '' };
    return (await cp.admin.call('deployStage', { params, body: {} })).deployment;
  }

  const ended = (id: string) =>
    eventually(async () => {
      const found = await deployment(id);
      return found.finishedAt !== null && found;
    }, LONG);

  it('takes a push back when it is that they are not well, and tells why', async () => {
    const instance = await running(gatedFlows('one'), 'one');

    const { id } = await push(sayingFlows('two', false, 'No pressure.'), instance);
    const { state, targets } = await ended(id);

    assert.equal(state, 'failed');
    assert.match(targets[0]?.reason ?? '', /^The flow says: No pressure\. It went back to “Before push/);
    await answers(instance, 'one', HELLO);
  });

  it('is waited for when they must prove themselves, and shown at any other time', async () => {
    const instance = await running(gatedFlows('one'), 'one');

    const { id } = await push(gatedFlows('two', { proofSeconds: 60 }), instance);
    await eventually(async () => (await view(instance.id)).flow.unproven, LONG);
    assert.equal((await deployment(id)).finishedAt, null);
    await say(instance, '/health?say=well');
    assert.equal((await ended(id)).state, 'succeeded');
    await say(instance, '/health?say=unwell&reason=No%20air');

    const { flow, state } = await eventually(async () => {
      const now = await view(instance.id);
      return now.flow.unwell !== null && now;
    });
    assert.deepEqual([flow.unwell, state], ['No air', 'running']);
    await answers(instance, 'two', HELLO);
  });

  it('holds a push, also over kill -9 of the control plane, until they let it in', async () => {
    const instance = await locked();

    const { id } = await push(gatedFlows('two'), instance);
    await waits(instance.id);
    await cp.end('SIGKILL');
    await cp.start();
    await waits(instance.id);
    const held = await eventually(async () => {
      const found = await deployment(id);
      return found.targets[0]?.reason?.startsWith('waits: ') && found;
    }, LONG);
    assert.equal(held.targets[0]?.state, 'updating');
    await answers(instance, 'one', HELLO);
    await say(instance, '/lock?say=unlock');

    assert.equal((await ended(id)).state, 'succeeded');
    await answers(instance, 'two', HELLO);
  });

  it('does not hold the way back from an update that failed', async () => {
    const instance = await running(gatedFlows('one'), 'one');
    const locking = sayingFlows('two', false, 'No pressure.').map((node) =>
      node.type === 'inject' ? { ...node, wires: [['lock-first']] } : node,
    );
    const both = { id: 'lock-first', type: 'function', z: 'tab1', x: 1, y: 1, outputs: 2, libs: [] };
    const func = "return [{ payload: 'lock', reason: 'for ever' }, msg];";

    const flows = [...locking, { ...both, func, wires: [['lock-gate'], ['health-gate']] }];
    const { id } = await push(flows, instance);

    assert.equal((await ended(id)).state, 'failed');
    await answers(instance, 'one', HELLO);
  });

  it('holds a roll back, but no restart that a person asks for', async () => {
    const instance = await running(gatedFlows('one'), 'one');
    const params = { id: instance.id };
    const { id: snapshotId } = await cp.admin.call('createInstanceSnapshot', {
      params,
      body: { name: 'One' },
    });
    await deploy(cp, instance.id, gatedFlows('two'));
    await answers(instance, 'two', HELLO);
    await say(instance, '/lock?say=lock&reason=Batch%2042');
    await eventually(async () => (await view(instance.id)).flow.hold !== null);

    await cp.admin.call('rollBackInstance', { params, body: { snapshotId } });
    await waits(instance.id);
    await answers(instance, 'two', HELLO);
    await cp.admin.call('controlInstance', { params, body: { action: 'restart' } });

    await answers(instance, 'one', HELLO);
    assert.equal((await view(instance.id)).flow.hold, null);
  });

  it('holds a change of its type, and lets it in', async () => {
    const instance = await locked();
    const other = await cp.admin.call('createInstanceType', {
      body: { name: uniqueName('size'), memoryMb: 300 },
    });

    const change = await cp.admin.call('changeInstance', {
      params: { id: instance.id },
      body: { instanceTypeId: other.id },
    });
    await waits(instance.id);
    assert.equal((await view(instance.id)).change?.state, 'stopping');
    await say(instance, '/lock?say=unlock');
    const done = await eventually(async () => {
      const changes = await cp.admin.call('listInstanceChanges', { params: { id: instance.id } });
      const found = changes.items.find(({ id }) => id === change.id);
      return found?.finishedAt != null && found;
    }, LONG);

    assert.equal(done.state, 'succeeded');
  });
});

describe('A push to devices whose flows hold updates', function () {
  this.timeout(90_000);
  const cp = new ControlPlaneProcess();
  let fleet: RolloutFleet;

  before(() => cp.start());
  afterEach(() => fleet?.stop());
  after(() => cp.stop());

  it('waits for them and tells so, and counts as failed those that are not well in its health time', async () => {
    fleet = await RolloutFleet.build(cp, ['slow', 'works', 'works']);
    const [held] = fleet.devices;
    assert.ok(held);
    const push = await fleet.push({ waves: [{ count: 2 }, 'rest'], healthSeconds: 600 });
    const { generation } = await held.agent.target(({ snapshot }) => snapshot?.id === fleet.snapshots[1]);
    const current = { generation, state: 'updating', snapshotId: fleet.snapshots[0] ?? null } as const;
    const hold = { reason: 'Batch 42', until: new Date(Date.now() + 3_600_000).toISOString() };

    held.agent.state({ ...current, flow: { unwell: null, unproven: false, hold } });
    const waiting = await eventually(async () => {
      const found = await fleet.view(push.id);
      return found.targets.find(({ reason }) => reason !== null);
    });
    assert.deepEqual([waiting.name, waiting.state], [held.name, 'updating']);
    assert.match(waiting.reason ?? '', /^waits: the flow holds updates until .*: Batch 42$/);
    assert.equal(
      (await cp.admin.call('getDevice', { params: { id: held.id } })).flow.hold?.reason,
      'Batch 42',
    );
    held.fate = 'works';

    const through = await eventually(async () => {
      const found = await fleet.view(push.id);
      return found.counts.succeeded === 2 && found;
    });
    assert.ok(through.targets.every(({ reason }) => reason === null));
    const flow = { unwell: 'No air', unproven: false, hold: null };
    held.agent.state({ ...current, state: 'running', snapshotId: fleet.snapshots[1] ?? null, flow });

    const failed = await eventually(async () => {
      const found = await fleet.view(push.id);
      return found.targets.find(({ state }) => state === 'failed');
    });
    assert.deepEqual(
      [failed.name, failed.reason],
      [held.name, 'It ran the snapshot, and failed after that: The flow says: No air'],
    );
  });
});
