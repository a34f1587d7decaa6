import assert from 'node:assert/strict';
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { FlowRuntime, ToldFlowState } from '@flowyard/protocol';
import type { NodeAPI, NodeMessage } from 'node-red';
import helper from 'node-red-node-test-helper';
import { FlowStates } from '../../../launcher/src/child/flow-states.ts';
import { eventually } from '../../support/eventually.ts';
import { requireOfNodeRed } from '../../support/node-red.ts';

const require = createRequire(import.meta.url);
const NODES = path.resolve(import.meta.dirname, '../../../nodes');
const RUNTIME = Symbol.for('flowyard.runtime');
type NodeSet = (RED: NodeAPI) => void;
const load = (type: string): NodeSet => require(path.join(NODES, 'dist', `${type}.js`)).default as NodeSet;
const world = globalThis as { [RUNTIME]?: FlowRuntime };

interface Received extends NodeMessage {
  error?: { message: string };
}

helper.init(requireOfNodeRed.resolve('node-red'));

describe('the palette nodes health and update lock', () => {
  let states: FlowStates;
  let received: Received[];
  let statuses: string[];

  before((done) => {
    helper.startServer(done);
  });

  after((done) => {
    helper.stopServer(done);
  });

  beforeEach(() => {
    states = new FlowStates(() => {});
    world[RUNTIME] = states;
    received = [];
    statuses = [];
  });

  afterEach(async () => {
    await helper.unload();
    delete world[RUNTIME];
  });

  async function run(type: string, properties: Record<string, unknown> = {}) {
    const core = requireOfNodeRed('@node-red/nodes/core/common/25-catch.js') as NodeSet;
    const flow = [
      { id: 'tab', type: 'tab', label: 'Test' },
      { id: 'node', type, z: 'tab', name: '', x: 100, y: 100, wires: [['after']], ...properties },
      { id: 'catch', type: 'catch', z: 'tab', scope: null, x: 100, y: 200, wires: [['after']] },
      { id: 'after', type: 'helper', z: 'tab', x: 300, y: 100 },
    ];
    await helper.load([load(type), core], flow as never);
    helper.getNode('after').on('input', (msg) => received.push(msg as Received));
    const node = helper.getNode('node');
    return {
      node,
      /** Resolves when the message, or its error, came out. */
      async say(payload: unknown, reason?: unknown): Promise<Received> {
        const before = received.length;
        node.receive({ payload, ...(reason !== undefined && { reason }) } as NodeMessage);
        await eventually(() => received.length > before);
        return received.at(-1) as Received;
      },
    };
  }

  const health = () => states.current satisfies ToldFlowState;

  describe('health', () => {
    it('says what the message says, and passes it on', async () => {
      const { say } = await run('flowyard-health');
      assert.equal(states.notable, null);

      const passed = await say(false, 'no air');
      assert.deepEqual([passed.payload, passed.error], [false, undefined]);
      assert.equal(health().unwell, 'no air');
      await say('well');
      assert.equal(health().unwell, null);
      await say(' Unwell ');
      assert.equal(health().unwell, 'It is not well.');
      await say(true);
      assert.equal(health().unwell, null);
    });

    it('takes what it is set to, and gives its name for a reason', async () => {
      const { node } = await run('flowyard-health', {
        ...{ name: 'Filler', property: 'payload.bar > 4', propertyType: 'jsonata' },
      });

      node.receive({ payload: { bar: 1 } } as NodeMessage);
      await eventually(() => received.length === 1);

      assert.equal(health().unwell, 'Filler');
    });

    it('changes nothing by a message that says neither', async () => {
      const { say } = await run('flowyard-health');
      await say(false, 'no air');
      const circle: Record<string, unknown> = {};
      circle.self = circle;

      for (const bad of [Number.NaN, 1, 0, null, undefined, '', 'perhaps', {}, circle, [true]]) {
        assert.match((await say(bad)).error?.message ?? '', /error\.value|true or false/);
      }
      for (const reason of [circle, Number.NaN, true, ['x']]) {
        assert.match((await say(true, reason)).error?.message ?? '', /error\.reason|text/);
      }

      assert.equal(health().unwell, 'no air');
      await say(false, 'x'.repeat(1_000_000));
      assert.equal(health().unwell?.length, 500);
    });

    it('expects a first report in time', async () => {
      const { say } = await run('flowyard-health', { proofSeconds: '1' });
      assert.equal(health().unproven, true);
      await eventually(() => health().unwell !== null);
      assert.deepEqual(health(), {
        ...{ unwell: 'It did not report within 1 seconds.', unproven: false, hold: null },
      });

      await say('well');
      assert.equal(states.notable, null);
    });

    it('begins anew with a deploy that leaves it running, and says nothing once it is gone', async () => {
      const { say } = await run('flowyard-health', { proofSeconds: 600 });
      await say('well');
      const { events } = requireOfNodeRed('node-red');

      events.emit('flows:starting', { config: {}, type: 'nodes' });
      assert.equal(health().unproven, true);
      await helper.unload();

      assert.equal(states.notable, null);
    });
  });

  describe('update lock', () => {
    it('holds updates until they are released', async () => {
      const { say } = await run('flowyard-update-lock', { longestMinutes: '60' });

      await say('lock', 'Batch 42');
      const { hold } = health();
      assert.equal(hold?.reason, 'Batch 42');
      assert.ok((hold?.forMs ?? 0) > 59 * 60_000 && (hold?.forMs ?? 0) <= 60 * 60_000);
      await say(false);

      assert.equal(health().hold, null);
    });

    it('lapses with a warning, and is not prolonged by locking again', async () => {
      const { node, say } = await run('flowyard-update-lock', { longestMinutes: '0.01' });
      const warnings: string[] = [];
      // The helper tells by events what a node calls; its types do not know them.
      const calls = node as unknown as EventEmitter;
      calls.on('call:warn', ({ args }) => warnings.push(args[0]));
      calls.on('call:status', ({ args }) => statuses.push(args[0].text));

      while (warnings.length === 0) {
        await say('lock', 'for ever');
      }

      assert.match(statuses.at(-1) ?? '', /lapsed/);
      assert.equal(health().hold, null);
      await say('lock', 'the next batch');
      assert.equal(health().hold?.reason, 'the next batch');
    });

    it('changes nothing by a message that says neither, and holds nothing once it is gone', async () => {
      const { say } = await run('flowyard-update-lock');
      await say(true, 'Batch 42');

      for (const bad of [Number.NaN, 7, {}, 'perhaps']) {
        assert.match((await say(bad)).error?.message ?? '', /error\.value|true or false/);
      }

      assert.equal(health().hold?.reason, 'Batch 42');
      await helper.unload();
      assert.equal(states.notable, null);
    });
  });

  for (const [type, word] of [
    ['flowyard-health', 'unwell'],
    ['flowyard-update-lock', 'lock'],
  ] as const) {
    it(`passes messages on outside Flowyard, and says that it does nothing else: ${type}`, async () => {
      delete world[RUNTIME];
      const { say } = await run(type);

      assert.equal((await say(word)).payload, word);
      assert.equal(states.notable, null);
    });
  }
});
