import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Node, NodeAPI, NodeMessage } from 'node-red';
import helper from 'node-red-node-test-helper';
import { answeringFlow, buildApplication, buildInstance, instanceIn } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { requireOfNodeRed } from '../../support/node-red.ts';

const require = createRequire(import.meta.url);
type NodeSet = (RED: NodeAPI) => void;
const DEPLOY = require(path.resolve(import.meta.dirname, '../../../nodes/dist/flowyard-deploy.js'))
  .default as NodeSet;

interface Deployment {
  state: string;
  to: { name: string };
}
type Received = NodeMessage & { payload: Deployment; error?: { message: string } };

describe('The deploy node', () => {
  let cp: ControlPlaneInProcess;
  let webhook: string;
  let received: Received[];
  let target: { id: string; name: string };

  before(async function () {
    this.timeout(120_000);
    cp = await startControlPlane();
    const { teamId, applicationId } = await buildApplication(cp);
    const source = await buildInstance(cp, applicationId, { flows: answeringFlow('release 1') });
    target = await buildInstance(cp, applicationId, { start: true });
    await instanceIn(cp, target.id, 'running');
    const pipeline = await cp.admin.call('createPipeline', {
      params: { id: applicationId },
      body: { name: 'Line' },
    });
    const params = { id: pipeline.id };
    await cp.admin.call('createStage', {
      params,
      body: { name: 'Dev', instanceId: source.id, action: 'create' },
    });
    const { stages } = await cp.admin.call('createStage', {
      params,
      body: { name: 'Plant', instanceId: target.id },
    });
    const { webhookPath } = await cp.admin.call('createTrigger', {
      params: { id: stages[0]?.id ?? '' },
      body: { kind: 'webhook' },
    });
    webhook = `${cp.url}${webhookPath}`;
    // The flows run on a device of the same application.
    const { id, credentials } = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: 'Gateway', applicationId },
    });
    Object.assign(process.env, {
      FLOWYARD_URL: cp.url,
      FLOWYARD_TOKEN: credentials.token,
      FLOWYARD_DEVICE_ID: id,
    });
    helper.init(requireOfNodeRed.resolve('node-red'));
    await new Promise<void>((resolve) => helper.startServer(resolve));
  });

  after(async () => {
    for (const name of ['URL', 'TOKEN', 'DEVICE_ID']) {
      delete process.env[`FLOWYARD_${name}`];
    }
    await new Promise<void>((resolve) => helper.stopServer(resolve));
    await cp.stop();
  });

  afterEach(() => helper.unload());

  async function run(sends: 'end' | 'changes', address = webhook): Promise<Node> {
    received = [];
    const core = requireOfNodeRed('@node-red/nodes/core/common/25-catch.js') as NodeSet;
    const place = { z: 'tab', x: 100, y: 100 };
    const flow = [
      { id: 'tab', type: 'tab', label: 'Test' },
      { ...place, id: 'node', type: 'flowyard-deploy', name: '', sends, wires: [['after']] },
      { ...place, id: 'catch', type: 'catch', scope: null, wires: [['after']] },
      { ...place, id: 'after', type: 'helper' },
    ];
    await helper.load([DEPLOY, core], flow as never, { node: { webhook: address } });
    helper.getNode('after').on('input', (msg) => received.push(msg as Received));
    return helper.getNode('node') as unknown as Node;
  }

  it('pushes a stage and goes on when the push has ended', async () => {
    const node = await run('end');

    node.receive({ payload: 'go', topic: 'kept' });

    await eventually(() => received.length > 0, { withinMs: 60_000 });
    const [message] = received;
    assert.equal(message?.payload.state, 'succeeded');
    assert.equal(message?.payload.to.name, 'Plant');
    assert.equal(message?.topic, 'kept');
    assert.equal(received.length, 1);
  });

  it('tells what happens on the way when asked to', async () => {
    const node = await run('changes');

    node.receive({ payload: 'go' });

    await eventually(() => received.at(-1)?.payload.state === 'succeeded', { withinMs: 60_000 });
    assert.ok(received.length > 1);
    assert.ok(received.slice(0, -1).every(({ payload }) => payload.state !== 'succeeded'));
  });

  it('says in words why a push cannot begin, and never shows the address', async () => {
    for (const [address, reason] of [
      ['', /needs the address of a webhook/],
      [`${webhook}x`, /The push was refused/],
      [webhook.replace(/:\d+/, ':1'), /cannot be reached/],
    ] as const) {
      const node = await run('end', address);

      node.receive({ payload: 'go' });

      await eventually(() => received.length === 1);
      assert.match(received[0]?.error?.message ?? '', reason);
      assert.ok(!received[0]?.error?.message.includes(webhook.split('/').at(-1) ?? ''));
      await helper.unload();
    }
  });
});
