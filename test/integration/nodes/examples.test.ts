import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { FlowNode, InstanceView } from '@flowyard/protocol';
import { AgentClient } from '../../support/agent-client.ts';
import { getFromInstance } from '../../support/api-client.ts';
import { buildApplication, buildInstance, deploy, instanceIn, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { type LinkedDevice, linkDevice, removeLinkFolders } from '../../support/flow-links.ts';
import { buttonPath, EXAMPLES, readExample, watched } from './support/example-flows.ts';

interface Seen {
  by: string;
  payload: unknown;
  error?: string;
}

describe('The examples of the palette nodes', function () {
  this.timeout(90_000);
  let cp: RunningControlPlane;
  let place: { teamId: string; applicationId: string };
  let presses: LinkedDevice[] = [];
  let historian: string;

  before(async () => {
    cp = await startControlPlane();
  });

  after(() => cp?.stop());

  beforeEach(async () => {
    place = await buildApplication(cp);
    historian = uniqueName('historian');
  });

  afterEach(async () => {
    await Promise.all(presses.splice(0).map((device) => device.stop()));
    removeLinkFolders();
  });

  /** An example on a hosted instance that runs. */
  async function run(example: string, name = uniqueName('other')) {
    // Names are unique on the platform, and several examples speak of this one.
    const text = JSON.stringify(readExample(example)).replaceAll('historian', historian);
    const flows = JSON.parse(text) as FlowNode[];
    const instance = await buildInstance(cp, place.applicationId, {
      ...{ name, start: true, flows: watched(flows) },
    });
    await instanceIn(cp, instance.id, 'running');
    const seen = async () => JSON.parse((await ask(instance, '/seen')) || '[]') as Seen[];
    return {
      instance,
      press: (button: string) => ask(instance, buttonPath(flows, button)),
      seen,
      /** Resolves with what a debug node of that name has shown, once it has. */
      shown: (by: string) => eventually(async () => (await seen()).filter((one) => one.by === by)[0]),
    };
  }

  async function ask(instance: InstanceView, path: string): Promise<string> {
    return eventually(async () => {
      const { status, body } = await getFromInstance(instance.url, path);
      return status === 200 && body;
    });
  }

  const flowOf = async ({ id }: InstanceView) =>
    (await cp.admin.call('getInstance', { params: { id } })).flow;

  /** Devices with link nodes, in the group that the examples name. */
  async function pressesInGroup(): Promise<LinkedDevice[]> {
    presses = [await linkDevice(cp, place, 'Press 1'), await linkDevice(cp, place, 'Press 2')];
    const group = await cp.admin.call('createDeviceGroup', {
      params: { id: place.applicationId },
      body: { name: 'Presses' },
    });
    await cp.admin.call('updateDeviceGroupMembers', {
      params: { id: group.id },
      body: { add: presses.map(({ id }) => id), remove: [] },
    });
    await Promise.all(presses.map((device) => device.isConnected()));
    return presses;
  }

  it('are all tried here', () => {
    const tried = [
      ...['ask-a-device', 'batch-holds-updates', 'canary-push', 'device-alarm', 'drift-alarm', 'job-queue'],
      ...[
        'line-reports-its-health',
        'nightly-snapshot',
        'recipe-to-a-group',
        'setpoint-with-fallback',
        'store-and-forward',
        'undo',
      ],
    ];

    assert.deepEqual(
      readdirSync(EXAMPLES).sort(),
      tried.map((name) => `${name}.json`),
    );
  });

  it('ask-a-device collects the answers of a group', async () => {
    for (const device of await pressesInGroup()) {
      device.links.listen({
        listener: { link: 'level', hears: 'application' },
        onMessage: ({ call }) => call && device.links.answer(call, { payload: device.name.length }),
      });
    }
    const { press, shown } = await run('ask-a-device');

    await press('now');

    const answers = (await shown('answers')).payload as Array<{ from: { name: string }; payload: number }>;
    assert.deepEqual(answers.map(({ from, payload }) => [from.name, payload]).sort(), [
      ['Press 1', 7],
      ['Press 2', 7],
    ]);
  });

  it('recipe-to-a-group reaches every device, also one that comes later', async () => {
    const [first, second] = (await pressesInGroup()) as [LinkedDevice, LinkedDevice];
    first.hear('recipe');
    await second.stop();
    const { press } = await run('recipe-to-a-group');

    await press('recipe 7');
    await eventually(() => first.arrived.length === 1);
    second.start();
    second.hear('recipe');

    await eventually(() => second.arrived.length === 1);
    assert.deepEqual(second.arrived[0]?.message.payload, { recipe: 7, celsius: 180, seconds: 42 });
  });

  it('job-queue gives each job to one device', async () => {
    const devices = await pressesInGroup();
    for (const device of devices) {
      device.hear('job');
    }
    const { press, seen } = await run('job-queue');

    for (let count = 0; count < 4; count += 1) {
      await press('job');
    }

    await eventually(async () => (await seen()).filter(({ by }) => by === 'taken').length === 4);
    assert.equal(
      devices.reduce((sum, { arrived }) => sum + arrived.length, 0),
      4,
    );
  });

  it('store-and-forward brings readings to the historian, with their types', async () => {
    const { press, shown } = await run('store-and-forward', historian);

    await press('every ten seconds');

    const reading = (await shown('readings')).payload as { at: string; celsius: number };
    assert.ok(reading.celsius >= 20 && reading.celsius <= 25);
    assert.ok(!Number.isNaN(Date.parse(reading.at)));
  });

  it('setpoint-with-fallback goes on without the historian, and takes its word when it is there', async () => {
    const alone = await run('setpoint-with-fallback');
    await alone.press('every minute');
    assert.equal((await alone.shown('setpoint')).payload, 20);

    await run('setpoint-with-fallback', historian);
    await eventually(async () => {
      await alone.press('every minute');
      return (await alone.seen()).at(-1)?.payload === 21.5;
    });
  });

  it('nightly-snapshot keeps what is deployed', async () => {
    const { instance, press, shown } = await run('nightly-snapshot');

    await press('at two in the night');

    const { name } = (await shown('taken')).payload as { name: string };
    assert.equal(name, 'Nightly pressed');
    const { items } = await cp.admin.call('listInstanceSnapshots', { params: { id: instance.id } });
    assert.ok(items.some((snapshot) => snapshot.name === name));
  });

  it('batch-holds-updates holds an update from the begin of a batch to its end', async () => {
    const { instance, press, shown } = await run('batch-holds-updates');

    await press('batch begins');
    assert.deepEqual((await shown('batch')).payload, { batch: 4711, running: true });
    assert.equal((await eventually(async () => (await flowOf(instance)).hold)).reason, 'Batch 4711');
    await press('batch ends');

    await eventually(async () => (await flowOf(instance)).hold === null);
  });

  it('line-reports-its-health says that the line is not well, and that it is', async () => {
    const { instance, press, shown } = await run('line-reports-its-health');
    assert.equal((await flowOf(instance)).unproven, true);

    await press('bad reading');
    assert.deepEqual((await shown('reading')).payload, { bar: 1.2 });
    const unwell = await eventually(async () => (await flowOf(instance)).unwell);
    assert.equal(unwell, 'The pressure is 1.2 bar, not 4 to 8.');
    await press('good reading');

    await eventually(async () => (await flowOf(instance)).unwell === null);
  });

  it('undo puts back what was marked as good', async () => {
    const { instance, press, shown } = await run('undo');
    const params = { id: instance.id };
    const tabOf = async () => {
      const { flows } = await cp.admin.call('getFlows', { params });
      return flows.find(({ type }) => type === 'tab')?.label;
    };
    await press('this is good');
    await shown('marked');
    const { flows } = await cp.admin.call('getFlows', { params });
    await deploy(
      cp,
      instance.id,
      flows.map((node) => (node.type === 'tab' ? { ...node, label: 'A bad change' } : node)),
    );
    assert.equal(await tabOf(), 'A bad change');

    await eventually(async () => {
      await press('put it back');
      return (await tabOf()) === 'Undo';
    });
  });

  it('canary-push says what is missing before it was given webhooks', async () => {
    const { press, shown } = await run('canary-push');

    await press('release');

    assert.match((await shown('refused')).error ?? '', /needs the address of a webhook/);
  });

  for (const [example, node] of [
    ['device-alarm', 'crashed'],
    ['drift-alarm', 'drifts'],
  ] as const) {
    it(`${example} hears of a device`, async () => {
      const { id, credentials } = await cp.admin.call('createDevice', {
        params: { id: place.teamId },
        body: { name: 'Filler 3', applicationId: place.applicationId },
      });
      const flows = quick(readExample(example));
      const instance = await buildInstance(cp, place.applicationId, { start: true, flows: watched(flows) });
      await instanceIn(cp, instance.id, 'running');
      const agent = await AgentClient.connect(cp.url, credentials.token);
      agent.hello({ current: { state: 'running' } });

      agent.state(node === 'crashed' ? { state: 'crashed', reason: 'It broke.' } : await drifting(id, agent));

      await eventually(async () => {
        const seen = JSON.parse(await ask(instance, '/seen')) as Seen[];
        return seen.some(({ payload }) => JSON.stringify(payload ?? '').includes('Filler 3'));
      });
      agent.close();
    });
  }

  /** Nobody waits ten minutes in a test. */
  function quick(flows: FlowNode[]): FlowNode[] {
    return flows.map((flow) => (flow.type === 'trigger' ? { ...flow, duration: '50', units: 'ms' } : flow));
  }

  /** A device that runs something else than it should. */
  async function drifting(id: string, agent: AgentClient) {
    const owner = await buildInstance(cp, place.applicationId, { flows: [] });
    const snapshot = await cp.admin.call('createInstanceSnapshot', {
      params: { id: owner.id },
      body: { name: 'Release' },
    });
    await cp.admin.call('setDeviceTarget', { params: { id }, body: { snapshotId: snapshot.id } });
    const { generation } = await agent.target((target) => target.snapshot !== null);
    return { state: 'running' as const, generation, snapshotId: null };
  }
});
