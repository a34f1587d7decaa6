import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Node, NodeAPI, NodeMessage } from 'node-red';
import helper from 'node-red-node-test-helper';
import { eventually } from '../../support/eventually.ts';
import { requireOfNodeRed } from '../../support/node-red.ts';
import { buildDevice, buildSnapshotView } from '../../unit/nodes/builders.ts';
import { FakePlatform, page, TOKEN } from './support/fake-platform.ts';

const require = createRequire(import.meta.url);
const NODES = path.resolve(import.meta.dirname, '../../../nodes');
type NodeSet = (RED: NodeAPI) => void;
const load = (type: string): NodeSet => require(path.join(NODES, 'dist', `${type}.js`)).default as NodeSet;

helper.init(requireOfNodeRed.resolve('node-red'));

interface Received extends NodeMessage {
  previous?: string | null;
  error?: { message: string };
}

describe('the palette nodes', () => {
  let platform: FakePlatform;
  let received: Received[];

  before((done) => {
    helper.startServer(done);
  });

  after((done) => {
    helper.stopServer(done);
  });

  beforeEach(async () => {
    platform = await new FakePlatform().start();
    received = [];
    process.env.FLOWYARD_URL = platform.url;
    process.env.FLOWYARD_TOKEN = TOKEN;
    process.env.FLOWYARD_INSTANCE_ID = 'inst01';
    const application = { id: 'app001', name: 'Bottling line' };
    platform.on('GET /instances/inst01', () => ({ status: 200, body: { id: 'inst01', application } }));
  });

  afterEach(async () => {
    await helper.unload();
    await platform.stop();
    for (const name of ['URL', 'TOKEN', 'APPLICATION_ID', 'INSTANCE_ID', 'DEVICE_ID']) {
      delete process.env[`FLOWYARD_${name}`];
    }
  });

  /** Loads one node of ours, followed by a helper that keeps what it sends; and what a catch node catches. */
  async function run(type: string, properties: Record<string, unknown>): Promise<Node> {
    const core = requireOfNodeRed('@node-red/nodes/core/common/25-catch.js') as NodeSet;
    const flow = [
      { id: 'tab', type: 'tab', label: 'Test' },
      // What has no place on the canvas is taken for a config node.
      { id: 'node', type, z: 'tab', name: '', x: 100, y: 100, wires: [['after']], ...properties },
      { id: 'catch', type: 'catch', z: 'tab', scope: null, x: 100, y: 200, wires: [['after']] },
      { id: 'after', type: 'helper', z: 'tab', x: 300, y: 100 },
    ];
    await helper.load([load(type), core], flow as never);
    helper.getNode('after').on('input', (msg) => received.push(msg as Received));
    return helper.getNode('node') as unknown as Node;
  }

  describe('device status', () => {
    const present = (...devices: ReturnType<typeof buildDevice>[]) =>
      platform.on('GET /applications/app001/devices', () => ({ status: 200, body: page(devices) }));
    const hasListed = () => platform.requests.some(({ path }) => path === '/applications/app001/devices');
    const subscribed = () => eventually(() => platform.isSubscribed('application/app001'));

    it('sends a message when a device changes', async () => {
      present(buildDevice());
      await run('flowyard-device-status', {
        scope: 'application',
        subject: '',
        statuses: [],
        initial: false,
      });
      await subscribed();
      await eventually(() => hasListed());

      platform.change(
        'application/app001',
        'device',
        'dev001',
        buildDevice({ status: 'crashed', reason: 'Why.' }),
      );

      await eventually(() => received.length === 1);
      assert.deepEqual(received[0]?.payload, {
        id: 'dev001',
        name: 'Filler 3',
        status: 'crashed',
        presence: 'online',
        state: 'running',
        reason: 'Why.',
        targetSnapshot: { id: 'snap01', name: 'Release 1' },
        runningSnapshot: { id: 'snap01', name: 'Release 1' },
      });
    });

    it('sends what it missed while there was no connection', async () => {
      present(buildDevice());
      await run('flowyard-device-status', {
        scope: 'application',
        subject: '',
        statuses: [],
        initial: false,
      });
      await subscribed();
      await eventually(() => hasListed());

      await platform.stop();
      present(buildDevice({ status: 'drift' }));
      await platform.start();

      await eventually(() => received.length === 1);
      assert.equal(payloadOf(received[0]).status, 'drift');
      assert.equal(received[0]?.previous, 'running');
    });

    it('waits for a control plane that is away when flows start', async () => {
      present(buildDevice());
      await platform.stop();
      await run('flowyard-device-status', { scope: 'application', subject: '', statuses: [], initial: true });

      await platform.start();

      await eventually(() => received.length === 1);
    });

    it('sends the present status at the start when asked', async () => {
      present(buildDevice(), buildDevice({ id: 'dev002', name: 'Capper' }));
      await run('flowyard-device-status', {
        scope: 'device',
        subject: 'Capper',
        statuses: [],
        initial: true,
      });

      await eventually(() => received.length === 1);
      assert.equal(received[0]?.topic, 'Capper');
    });

    it('watches the device on which it runs when there is no application', async () => {
      delete process.env.FLOWYARD_INSTANCE_ID;
      process.env.FLOWYARD_DEVICE_ID = 'dev001';
      platform.on('GET /devices/dev001', () => ({ status: 200, body: buildDevice({ application: null }) }));
      platform.setValue('device/dev001', buildDevice());
      await run('flowyard-device-status', {
        scope: 'application',
        subject: '',
        statuses: [],
        initial: false,
      });
      await eventually(() => platform.isSubscribed('device/dev001'));

      platform.setValue('device/dev001', buildDevice({ status: 'updating' }));

      await eventually(() => received.length === 1);
    });

    it('closes its connection with the flows', async () => {
      present(buildDevice());
      await run('flowyard-device-status', {
        scope: 'application',
        subject: '',
        statuses: [],
        initial: false,
      });
      await subscribed();

      await helper.unload();

      await eventually(() => platform.topics.size === 0);
    });

    it('says that it is of no use outside Flowyard', async () => {
      delete process.env.FLOWYARD_URL;

      const node = await run('flowyard-device-status', { scope: 'application', subject: '', statuses: [] });

      assert.ok((node.warn as unknown as { called: boolean }).called);
    });
  });

  describe('snapshot', () => {
    const named = {
      snapshotName: 'payload',
      snapshotNameType: 'msg',
      description: 'd',
      descriptionType: 'str',
    };

    it('takes a snapshot and passes the message on with it', async () => {
      platform.on('POST /instances/inst01/snapshots', ({ body }) => ({
        status: 201,
        body: buildSnapshotView(body as object),
      }));
      const node = await run('flowyard-snapshot', named);

      node.receive({ payload: 'Release 2', topic: 'kept' });

      await eventually(() => received.length === 1);
      assert.equal(payloadOf(received[0]).name, 'Release 2');
      assert.equal(received[0]?.topic, 'kept');
      assert.deepEqual(platform.requests[0]?.body, { name: 'Release 2', description: 'd' });
    });

    it('reports in words why it could not be taken, so that flows can catch it', async () => {
      platform.on('POST /instances/inst01/snapshots', () => ({
        status: 409,
        body: { error: { code: 'limit', message: 'The team keeps no more than 50 snapshots.' } },
      }));
      const node = await run('flowyard-snapshot', named);

      node.receive({ payload: 'Release 2' });

      await eventually(() => received.length === 1);
      assert.match(received[0]?.error?.message ?? '', /no more than 50 snapshots/);
    });

    it('reports that the control plane cannot be reached', async () => {
      await platform.stop();
      const node = await run('flowyard-snapshot', named);

      node.receive({ payload: 'Release 2' });

      await eventually(() => received.length === 1);
      assert.match(received[0]?.error?.message ?? '', /cannot be reached/);
      await platform.start();
    });
  });

  describe('their package', () => {
    const manifest = JSON.parse(readFileSync(path.join(NODES, 'package.json'), 'utf8'));
    const files = Object.keys(manifest['node-red'].nodes);

    it('has what the community expects of a package of nodes', () => {
      assert.equal(manifest.license, 'Apache-2.0');
      assert.ok(manifest.keywords.includes('node-red'));
      assert.ok(manifest.name.startsWith('@'));
      assert.ok(Object.keys(manifest.dependencies).length <= 6);
      assert.equal(manifest['node-red'].version, '>=4.1.0');
    });

    for (const file of files) {
      it(`has words and help for ${file} in English and German`, () => {
        const editor = readFileSync(path.join(NODES, 'dist', `${file}.html`), 'utf8');
        const types = [...editor.matchAll(/registerType\("(flowyard-[a-z-]+)"/g)].map(([, type]) => type);
        assert.ok(types.length > 0);
        const words = ['en-US', 'de'].map((language) => {
          const base = path.join(NODES, 'dist/locales', language, file);
          const help = readFileSync(`${base}.html`, 'utf8');
          for (const type of types) {
            assert.match(help, new RegExp(`data-help-name="${type}"`));
          }
          return JSON.parse(readFileSync(`${base}.json`, 'utf8'));
        });
        assert.deepEqual(keysOf(words[0]), keysOf(words[1]));
      });
    }
  });
});

function payloadOf(message: Received | undefined): Record<string, unknown> {
  assert.ok(message, 'there is no message');
  return message.payload as Record<string, unknown>;
}

function keysOf(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null) {
    return [prefix];
  }
  return Object.entries(value).flatMap(([key, child]) => keysOf(child, `${prefix}.${key}`));
}
