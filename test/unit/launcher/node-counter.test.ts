import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import type { RuntimeMessage } from '@flowyard/protocol';
import { NodeCounter } from '../../../launcher/src/child/node-counter.ts';
import type { NodeRed } from '../../../launcher/src/child/node-red.ts';

type Counts = Extract<RuntimeMessage, { type: 'counts' }>;
type Hooks = NodeRed['hooks'] & {
  has(hook: string): boolean;
  trigger(hook: string, event: unknown): Promise<unknown>;
  clear(): void;
};

const hooks: Hooks = createRequire(import.meta.url)('@node-red/util').hooks;
const HOOKS = ['onSend', 'onReceive', 'onComplete'];

describe('The counter of messages by node', () => {
  let events: EventEmitter;
  let told: Counts[];
  let counter: NodeCounter;

  beforeEach(() => {
    events = new EventEmitter();
    told = [];
    const flows = [
      { id: 'tab', type: 'tab', label: 'Line 1' },
      { id: 'sub', type: 'subflow', name: 'Scale' },
      { id: 'inner', type: 'function', z: 'sub' },
      { id: 'use', type: 'subflow:sub', z: 'tab' },
    ];
    const runtime = { flows: { getFlows: async () => ({ flows }) } };
    counter = new NodeCounter({ hooks, events, runtime } as unknown as NodeRed, (counts) =>
      told.push(counts),
    );
  });
  afterEach(() => {
    counter.stop();
    hooks.clear();
  });

  const receive = (node: object) => hooks.trigger('onReceive', { msg: {}, destination: { node } });

  it('counts what nodes receive, send and end with an error, and names their flow', async () => {
    counter.start(60);
    const node = { id: 'a', type: 'function', name: 'convert', z: 'tab' };
    await receive(node);
    await hooks.trigger('onSend', [{ source: { node } }, { source: { node } }]);
    await hooks.trigger('onComplete', { msg: {}, node: { id: 'a', node }, error: new Error('no') });
    await hooks.trigger('onComplete', { msg: {}, node: { id: 'a', node } });
    await receive({ id: 'use-inner', type: 'function', z: 'use', _alias: 'inner' });
    counter.stop();

    const [end] = told;
    assert.equal(end?.counting, false);
    assert.deepEqual(end?.nodes, [
      {
        id: 'a',
        editorId: 'a',
        type: 'function',
        name: 'convert',
        received: 1,
        sent: 2,
        errors: 1,
        flow: 'Line 1',
      },
      {
        id: 'use-inner',
        editorId: 'inner',
        type: 'function',
        name: '',
        received: 1,
        sent: 0,
        errors: 0,
        flow: 'Line 1 › Scale',
      },
    ]);
  });

  it('leaves nothing in Node-RED when it ends, and begins with nothing', async () => {
    assert.deepEqual(
      HOOKS.filter((hook) => hooks.has(hook)),
      [],
    );
    counter.start(60);
    counter.start(60);
    assert.deepEqual(
      HOOKS.filter((hook) => hooks.has(hook)),
      HOOKS,
    );
    counter.stop();
    counter.stop();
    assert.deepEqual(
      HOOKS.filter((hook) => hooks.has(hook)),
      [],
    );
    assert.equal(events.listenerCount('flows:started'), 0);
    assert.equal(told.length, 1);
  });

  it('ends by itself', async () => {
    counter.start(0.05);
    await delay(120);
    assert.deepEqual(
      told.map(({ counting }) => counting),
      [false],
    );
    assert.equal(hooks.has('onReceive'), false);
  });

  it('counts so many nodes, and tells the busiest', async () => {
    counter.start(60);
    for (let i = 0; i < 5200; i++) {
      await receive({ id: `n${i}`, type: 'function', name: 'x'.repeat(500), z: 'tab' });
    }
    await receive({ id: 'n42', type: 'function', z: 'tab' });
    counter.stop();

    const [end] = told;
    assert.deepEqual([end?.nodesSeen, end?.nodes.length, end?.nodes[0]?.id], [5000, 100, 'n42']);
    assert.ok(JSON.stringify(end).length < 100_000);
  });
});
