import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Node, NodeAPI, NodeMessage } from 'node-red';
import helper from 'node-red-node-test-helper';
import { buildApplication } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { requireOfNodeRed } from '../../support/node-red.ts';

type NodeSet = (RED: NodeAPI) => void;
const LINKS = createRequire(import.meta.url)(
  path.resolve(import.meta.dirname, '../../../nodes/dist/flowyard-link.js'),
).default as NodeSet;
const CATCH = requireOfNodeRed('@node-red/nodes/core/common/25-catch.js') as NodeSet;
const FUNCTION = requireOfNodeRed('@node-red/nodes/core/function/10-function.js') as NodeSet;

type Received = NodeMessage & {
  error?: { message: string };
  link?: { from: { kind: string; name: string }; name: string };
};

/** Both ends are in one Node-RED, which talks to itself over a real control plane. */
describe('The link nodes', function () {
  this.timeout(60_000);
  let cp: ControlPlaneInProcess;
  let folder: string;
  let received: Received[];

  before(async () => {
    cp = await startControlPlane();
    folder = mkdtempSync(path.join(tmpdir(), 'flowyard-link-nodes-'));
    const { teamId, applicationId } = await buildApplication(cp);
    const { id, credentials } = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: 'Gateway', applicationId },
    });
    Object.assign(process.env, {
      FLOWYARD_URL: cp.url,
      FLOWYARD_TOKEN: credentials.token,
      FLOWYARD_DEVICE_ID: id,
    });
    helper.init(requireOfNodeRed.resolve('node-red'), { userDir: folder } as never);
    await new Promise<void>((resolve) => helper.startServer(resolve));
  });

  after(async () => {
    for (const name of ['URL', 'TOKEN', 'DEVICE_ID']) {
      delete process.env[`FLOWYARD_${name}`];
    }
    await new Promise<void>((resolve) => helper.stopServer(resolve));
    await cp?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  afterEach(() => helper.unload());

  const place = { z: 'tab', x: 100, y: 100 };
  const tab = { id: 'tab', type: 'tab', label: 'Test' };
  const end = { ...place, id: 'after', type: 'helper' };
  const errors = { ...place, id: 'catch', type: 'catch', scope: null, wires: [['after']] };
  const TO_SELF = { place: 'device', target: 'Gateway', link: 'orders' };

  async function run(...nodes: object[]): Promise<(id: string) => Node> {
    received = [];
    await helper.load([LINKS, CATCH, FUNCTION], [tab, end, errors, ...nodes] as never);
    helper.getNode('after').on('input', (msg) => received.push(msg as Received));
    return (id) => helper.getNode(id) as unknown as Node;
  }

  it('carry a message with its types, and say where it is from', async () => {
    const node = await run(
      {
        ...place,
        id: 'in',
        type: 'flowyard-link-in',
        link: 'orders',
        hears: 'application',
        wires: [['after']],
      },
      { ...place, ...TO_SELF, id: 'out', type: 'flowyard-link-out', mode: 'send', confirm: 'delivered' },
    );
    const payload = {
      at: new Date(0),
      raw: Buffer.from('raw'),
      count: 12n,
      tags: new Set(['a']),
      no: undefined,
    };

    node('out').receive({ payload, topic: 'order' });

    await eventually(() => received.length === 1, { withinMs: 20_000 });
    const [message] = received;
    assert.deepEqual(message?.payload, payload);
    assert.equal(message?.topic, 'order');
    assert.equal(message?.link?.from.name, 'Gateway');
    assert.equal(message?.link?.name, 'orders');
  });

  it('take the address from the message when they are set to', async () => {
    const node = await run(
      { ...place, id: 'in', type: 'flowyard-link-in', link: 'by message', hears: 'team', wires: [['after']] },
      { ...place, id: 'out', type: 'flowyard-link-out', mode: 'send', place: 'message', confirm: 'kept' },
    );

    node('out').receive({ payload: 1, address: 'device/Gateway/by message' } as NodeMessage);
    await eventually(() => received.length === 1, { withinMs: 20_000 });
    node('out').receive({ payload: 2 });
    await eventually(() => received.length === 2);
    assert.match(received[1]?.error?.message ?? '', /no msg.address/);
    node('out').receive({ payload: 3, address: 'moon/Gateway/x' } as NodeMessage);
    await eventually(() => received.length === 3);
    assert.match(received[2]?.error?.message ?? '', /no kind of place/);
  });

  it('ask and get the answer, or say in words why not', async () => {
    const node = await run(
      {
        ...place,
        id: 'in',
        type: 'flowyard-link-in',
        link: 'orders',
        hears: 'application',
        wires: [['work']],
      },
      {
        ...place,
        id: 'work',
        type: 'function',
        func: 'msg.payload += " done"; return msg;',
        outputs: 1,
        wires: [['answer']],
      },
      { ...place, id: 'answer', type: 'flowyard-link-out', mode: 'answer' },
      { ...place, ...TO_SELF, id: 'call', type: 'flowyard-link-call', timeout: 20, wires: [['after']] },
      {
        ...place,
        ...TO_SELF,
        link: 'nobody',
        id: 'lost',
        type: 'flowyard-link-call',
        timeout: 1,
        wires: [['after']],
      },
    );

    node('call').receive({ payload: 'order 7', topic: 'kept' });
    await eventually(() => received.length === 1, { withinMs: 20_000 });
    assert.equal(received[0]?.payload, 'order 7 done');
    assert.equal(received[0]?.topic, 'kept');

    node('lost').receive({ payload: 'order 8' });
    await eventually(() => received.length === 2, { withinMs: 20_000 });
    assert.ok(received[1]?.error?.message, 'an error for the catch node');
  });

  it('deliver what is whole when a message that waits is damaged on the disk, and show that one is lost', async () => {
    const LATE = { ...TO_SELF, link: 'late' };
    const out = { ...place, ...LATE, id: 'out', type: 'flowyard-link-out', mode: 'send', confirm: 'kept' };
    const first = await run(out);
    for (const payload of ['order 1', 'order 2', 'order 3']) {
      first('out').receive({ payload });
    }
    const queue = path.join(folder, 'flowyard-links', 'out');
    const kept = () =>
      readdirSync(queue, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.queue'))
        .map((name) => path.join(queue, name))
        .find((file) => ['order 1', 'order 2', 'order 3'].every((text) => readFileSync(file).includes(text)));
    const file = await eventually(kept, { withinMs: 20_000 });
    const bytes = readFileSync(file);
    bytes[bytes.indexOf('order 2')] = 0;
    writeFileSync(file, bytes);
    await helper.unload();

    const node = await run(out, {
      ...place,
      id: 'in',
      type: 'flowyard-link-in',
      link: 'late',
      hears: 'application',
      wires: [['after']],
    });

    await eventually(() => received.length === 2, { withinMs: 20_000 });
    assert.deepEqual(
      received.map(({ payload }) => payload),
      ['order 1', 'order 3'],
    );
    const { args } = node('out').status as unknown as { args: Array<[{ fill: string; text: string }]> };
    await eventually(() => args.some(([{ fill, text }]) => fill === 'red' && /damaged|lost/.test(text)));
    const log = helper.log().args as Array<[{ msg: unknown }]>;
    assert.equal(
      log.filter(([{ msg }]) => /1 message to device “Gateway”.*damaged/.test(String(msg))).length,
      1,
    );
  });

  it('refuse an answer to nobody', async () => {
    const node = await run(
      { ...place, id: 'answer', type: 'flowyard-link-out', mode: 'answer' },
      { ...place, ...TO_SELF, id: 'out', type: 'flowyard-link-out', mode: 'send', confirm: 'kept' },
    );

    node('answer').receive({ payload: 1 });
    await eventually(() => received.length === 1, { withinMs: 20_000 });
    assert.match(received[0]?.error?.message ?? '', /call/);
  });

  it('are of no use outside Flowyard, and say so', async () => {
    const { FLOWYARD_TOKEN: token } = process.env;
    delete process.env.FLOWYARD_TOKEN;
    try {
      const node = await run({ ...place, ...TO_SELF, id: 'out', type: 'flowyard-link-out', mode: 'send' });
      node('out').receive({ payload: 1 });
      await eventually(() => received.length === 1);
      assert.match(received[0]?.error?.message ?? '', /outside/);
    } finally {
      process.env.FLOWYARD_TOKEN = token;
    }
  });
});
