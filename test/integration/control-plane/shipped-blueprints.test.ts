import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import type { BlueprintView, FlowNode, InstanceView } from '@flowyard/protocol';
import * as jsmodbus from 'jsmodbus';
import { readPicture } from '../../../control-plane/src/features/blueprints/picture.ts';
import { getFromInstance, requestInstance } from '../../support/api-client.ts';
import { buildApplication, instanceIn, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { type MqttBroker, startMqttBroker } from '../../support/mqtt-broker.ts';
import { startWebhookReceiver } from '../../support/webhook-receiver.ts';

const FOLDER = join(import.meta.dirname, '../../../examples/blueprints');
const KEYS = readdirSync(FOLDER);
const SLOW = { withinMs: 90_000 };

describe('The shipped blueprints', function () {
  this.timeout(180_000);
  let cp: RunningControlPlane;
  let broker: MqttBroker;
  let applicationId: string;
  let blueprints: BlueprintView[];

  before(async () => {
    cp = await startControlPlane();
    broker = await startMqttBroker();
    ({ applicationId } = await buildApplication(cp));
    blueprints = (await cp.admin.call('listBlueprints')).items;
  });
  after(async () => {
    await cp?.stop();
    await broker?.stop();
  });

  /** A running instance of the blueprint. */
  async function make(name: string, env: Record<string, string> = {}): Promise<InstanceView> {
    const blueprint = blueprints.find((candidate) => candidate.name === name);
    assert.ok(blueprint, `${name} is shipped`);
    const { id } = await cp.admin.call('createInstance', {
      params: { id: applicationId },
      body: { name: uniqueName('made'), blueprintId: blueprint.id, env },
    });
    return eventually(async () => {
      const instance = await cp.admin.call('getInstance', { params: { id } });
      assert.notEqual(instance.state, 'error', instance.reason ?? '');
      return instance.state === 'running' && instance;
    }, SLOW);
  }

  async function read<T>(instance: InstanceView, path: string): Promise<T> {
    return JSON.parse((await getFromInstance(instance.url, path)).body);
  }

  async function post(instance: InstanceView, path: string, body: unknown) {
    const headers = { 'content-type': 'application/json' };
    return requestInstance(instance.url, 'POST', path, headers, JSON.stringify(body));
  }

  async function stop({ id }: InstanceView): Promise<void> {
    await cp.admin.call('controlInstance', { params: { id }, body: { action: 'stop' } });
    await instanceIn(cp, id, 'stopped');
  }

  it('are eight for everybody, with exact versions, comments, and pictures that pass as uploads', () => {
    assert.equal(blueprints.length, 8);
    for (const key of KEYS) {
      const flows: FlowNode[] = JSON.parse(readFileSync(join(FOLDER, key, 'flows.json'), 'utf8'));
      const { modules } = JSON.parse(readFileSync(join(FOLDER, key, 'blueprint.json'), 'utf8'));
      const groups = flows.filter(({ type }) => type === 'group');
      const grouped = flows.filter(({ type, z }) => z && type !== 'group');

      assert.ok(groups.length >= 2, `${key} is grouped`);
      assert.ok(
        grouped.every(({ g }) => g),
        `every node of ${key} is in a group`,
      );
      assert.ok(flows.filter(({ type }) => type === 'comment').length >= groups.length);
      assert.ok(Object.values(modules).every((version) => /^\d+\.\d+\.\d+$/.test(String(version))));
      const data = readFileSync(join(FOLDER, key, 'picture.svg')).toString('base64');
      assert.ok(readPicture({ type: 'image/svg+xml', data }).length > 0);
    }
    assert.ok(blueprints.every(({ scope, version }) => scope === 'shipped' && version === 1));
  });

  it('Modbus to MQTT publishes simulated registers, and those of a real device', async () => {
    const mqtt = { MQTT_HOST: '127.0.0.1', MQTT_PORT: String(broker.port), READ_SECONDS: '1' };
    const signIn = { MQTT_USER: 'reader', MQTT_PASSWORD: 'not to be read' };
    const instance = await make('Modbus to MQTT', { ...mqtt, ...signIn, MQTT_TOPIC: 'hall/press' });
    const first = await eventually(
      () => broker.messages.find(({ topic }) => topic === 'hall/press/temperature'),
      SLOW,
    );
    const { items } = await cp.admin.call('getInstanceVariables', { params: { id: instance.id } });
    const page = await read<{ values: Array<{ name: string }> }>(instance, '/readout/data');
    await stop(instance);

    assert.equal(JSON.parse(first.text).unit, '°C');
    assert.ok(
      broker.signIns.some(({ username, password }) => username === 'reader' && password === 'not to be read'),
    );
    assert.deepEqual(
      items.find(({ name }) => name === 'MQTT_PASSWORD'),
      { name: 'MQTT_PASSWORD', value: null, secret: true },
    );
    assert.equal(page.values.length, 4);

    const device = createServer();
    const registers = Buffer.alloc(200);
    new jsmodbus.server.TCP(device, { holding: registers });
    registers.writeUInt16BE(777, 20);
    await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', resolve));
    const port = String((device.address() as AddressInfo).port);
    const real = { SIMULATION: 'false', MODBUS_HOST: '127.0.0.1', MODBUS_PORT: port, MODBUS_START: '10' };
    try {
      const reader = await make('Modbus to MQTT', { ...mqtt, ...real, MQTT_TOPIC: 'hall/real' });
      const message = await eventually(
        () => broker.messages.find(({ topic }) => topic === 'hall/real/temperature'),
        SLOW,
      );
      await stop(reader);

      assert.equal(JSON.parse(message.text).value, 77.7);
    } finally {
      device.close();
    }
  });

  it('OEE dashboard counts parts and stops, simulated and reported', async () => {
    interface Oee {
      good: number;
      scrap: number;
      oee: number;
      machine: string;
      quality: number;
      running: boolean;
    }
    const moving = await make('OEE dashboard', {
      IDEAL_CYCLE_SECONDS: '0.2',
      MACHINE_NAME: 'Press <b>7</b>',
    });
    await eventually(async () => (await read<Oee>(moving, '/oee/data')).good > 2, SLOW);
    const simulated = await read<Oee>(moving, '/oee/data');
    const page = await getFromInstance(moving.url, '/oee');
    await stop(moving);
    const instance = await make('OEE dashboard', { SIMULATION: 'false' });

    for (const good of [true, true, true, false]) {
      assert.equal((await post(instance, '/oee/events', { type: 'part', good })).status, 204);
    }
    await post(instance, '/oee/events', { type: 'state', running: false });
    const refused = await post(instance, '/oee/events', { type: 'part', good: 'yes' });
    const reported = await read<Oee>(instance, '/oee/data');
    assert.equal((await post(instance, '/oee/shift', {})).status, 204);
    const fresh = await read<Oee>(instance, '/oee/data');
    await stop(instance);

    assert.equal(simulated.machine, 'Press <b>7</b>');
    assert.ok(simulated.oee > 0 && simulated.oee <= 1);
    assert.ok(!page.body.includes('<b>7</b>') && !/src=|https?:/.test(page.body));
    assert.equal(refused.status, 400);
    assert.deepEqual(
      [reported.good, reported.scrap, reported.quality, reported.running],
      [3, 1, 0.75, false],
    );
    assert.deepEqual([fresh.good, fresh.scrap], [0, 0]);
  });

  it('Andon board shows who called, and refuses stations that are not there', async () => {
    interface Board {
      stations: Array<{ station: string; state: string; text: string }>;
    }
    const instance = await make('Andon board', { SIMULATION: 'false', STATIONS: 'Saw, Drill' });

    const called = await post(instance, '/andon/calls', {
      station: 'Drill',
      state: 'help',
      text: 'no material',
    });
    const refused = await post(instance, '/andon/calls', { station: 'Oven', state: 'help' });
    const { stations } = await read<Board>(instance, '/andon/data');
    const pages = [
      await getFromInstance(instance.url, '/andon'),
      await getFromInstance(instance.url, '/andon/call'),
    ];
    await stop(instance);

    assert.deepEqual([called.status, refused.status], [200, 400]);
    assert.deepEqual(
      stations.map(({ station, state, text }) => [station, state, text]),
      [
        ['Saw', 'ok', ''],
        ['Drill', 'help', 'no material'],
      ],
    );
    assert.ok(pages.every(({ status, body }) => status === 200 && body.startsWith('<!DOCTYPE html>')));

    const moving = await make('Andon board');
    await eventually(
      async () => (await read<Board>(moving, '/andon/data')).stations.some(({ state }) => state !== 'ok'),
      SLOW,
    );
    await stop(moving);
  });

  it('Energy monitor adds up what meters report', async () => {
    interface Energy {
      kw: number;
      kwh: number;
      cost: number;
      expectedKw: number;
      meters: Array<{ meter: string }>;
    }
    const moving = await make('Energy monitor');
    await eventually(async () => (await read<Energy>(moving, '/energy/data')).kwh > 0, SLOW);
    const simulated = await read<Energy>(moving, '/energy/data');
    await stop(moving);
    const instance = await make('Energy monitor', { SIMULATION: 'false', PRICE_PER_KWH: '1' });

    await post(instance, '/energy/readings', { meter: 'Saw', kw: 3600 });
    await post(instance, '/energy/readings', { meter: 'Saw', kw: 3600 });
    const refused = await post(instance, '/energy/readings', { meter: '<script>', kw: 1 });
    const reported = await read<Energy>(instance, '/energy/data');
    await stop(instance);

    assert.deepEqual(
      simulated.meters.map(({ meter }) => meter),
      ['Compressor', 'Furnace', 'Lighting'],
    );
    assert.equal(refused.status, 400);
    assert.equal(reported.kw, 3600);
    assert.ok(reported.kwh > 0 && reported.kwh < 60 && reported.cost === reported.kwh);
  });

  it('Alarm router passes each alarm on once, with its token, and keeps it until it is closed', async () => {
    interface Alarms {
      open: Array<{ key: string; count: number; severity: string }>;
      problem: unknown;
    }
    const receiver = await startWebhookReceiver();
    try {
      const instance = await make('Alarm router', { WEBHOOK_URL: receiver.url, WEBHOOK_TOKEN: 'a token' });
      // Simulated alarms come three times each.
      const simulated = await eventually(
        async () => (await read<Alarms>(instance, '/alarms/data')).open[0],
        SLOW,
      );
      await eventually(() => receiver.messages.length === 1, SLOW);
      const alarm = { source: 'Oven', text: 'too hot', severity: 'critical' };
      for (const sent of [alarm, alarm, alarm, { ...alarm, text: 'door open', severity: 'info' }]) {
        assert.equal((await post(instance, '/alarms/events', sent)).status, 202);
      }
      const refused = await post(instance, '/alarms/events', { source: 'Oven', text: 'x', severity: 'loud' });
      await eventually(() => receiver.messages.length === 2, SLOW);
      const { open } = await read<Alarms>(instance, '/alarms/data');
      for (const _turn of ['acknowledged', 'closed']) {
        assert.equal((await post(instance, '/alarms/acknowledge', { key: 'Oven|too hot' })).status, 204);
      }
      const rest = await read<Alarms>(instance, '/alarms/data');
      await stop(instance);

      assert.equal(simulated.count, 3);
      assert.equal(refused.status, 400);
      assert.equal(open.find(({ key }) => key === 'Oven|too hot')?.count, 3);
      assert.equal(JSON.parse(receiver.messages[1]?.body ?? '').text, 'too hot');
      assert.equal(receiver.messages[1]?.headers.authorization, 'Bearer a token');
      assert.ok(!rest.open.some(({ key }) => key === 'Oven|too hot'));
      assert.equal(rest.problem, null);
    } finally {
      await receiver.stop();
    }
  });

  it('Historian to SQLite writes rows that are there after a restart', async () => {
    interface History {
      names: string[];
      samples: Array<{ value: number }>;
    }
    const instance = await make('Historian to SQLite', {
      SAMPLE_SECONDS: '1',
      DATABASE_FILE: 'proof.sqlite',
    });
    await eventually(async () => (await read<History>(instance, '/history/data')).samples.length > 0, SLOW);
    const written = await post(instance, '/history/values', { name: "it's; DROP TABLE samples", value: 42 });
    const refused = await post(instance, '/history/values', { name: 'x', value: 'y' });
    await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'restart' } });
    const path = `/history/data?${new URLSearchParams({ name: "it's; DROP TABLE samples", minutes: '60' })}`;
    const after = await eventually(async () => {
      const history = await read<History>(instance, path);
      return history.samples.length > 0 && history;
    }, SLOW);
    await stop(instance);

    assert.deepEqual([written.status, refused.status], [200, 400]);
    assert.equal(after.samples[0]?.value, 42);
    assert.deepEqual(after.names, ['flow', "it's; DROP TABLE samples", 'tank level', 'temperature']);
    assert.ok(hasFile(cp.dataDir, 'proof.sqlite'));
  });

  it('Recipe download is acknowledged by a machine that takes it over, and by no other', async () => {
    interface Download {
      state: string;
      parameters: Record<string, number>;
      problem: string | null;
    }
    const download = async (instance: InstanceView, body: unknown) => {
      const answer = await post(instance, '/recipes/download', body);
      return { status: answer.status, ...(JSON.parse(answer.body) as Download) };
    };
    const instance = await make('Recipe download');
    const done = await eventually(async () => {
      const answer = await download(instance, { recipe: 'lager', order: '4711', changes: { minutes: 70 } });
      return answer.status === 200 && answer;
    }, SLOW);
    const unknown = await download(instance, { recipe: 'constructor' });
    const beyond = await download(instance, { recipe: 'lager', changes: { speed: 9999 } });
    await stop(instance);

    assert.deepEqual([done.status, done.state, done.parameters.minutes], [200, 'acknowledged', 70]);
    assert.deepEqual([unknown.status, beyond.status], [404, 400]);

    const receiver = await startWebhookReceiver();
    try {
      const machine = { SIMULATION: 'false', MACHINE_URL: receiver.url, ACK_SECONDS: '1' };
      const real = await make('Recipe download', machine);
      receiver.answerWith(200);
      const silent = await eventually(async () => {
        const answer = await download(real, { recipe: 'wheat' });
        return answer.status !== 503 && answer;
      }, SLOW);
      await stop(real);

      assert.deepEqual([silent.status, silent.state], [502, 'failed']);
      assert.equal(JSON.parse(receiver.messages[0]?.body ?? '').recipe, 'wheat');
    } finally {
      await receiver.stop();
    }
  });

  it('Device simulator publishes each device, and shows a fault when one is wanted', async () => {
    interface Device {
      device: string;
      state: string;
      temperature: number;
    }
    const mqtt = { MQTT_HOST: '127.0.0.1', MQTT_PORT: String(broker.port), MQTT_TOPIC: 'trial' };
    const instance = await make('Device simulator', { ...mqtt, DEVICE_COUNT: '2', PUBLISH_SECONDS: '1' });
    await eventually(() => broker.messages.some(({ topic }) => topic === 'trial/device-2'), SLOW);
    const set = await post(instance, '/simulator/faults', { device: 'device-1', fault: 'overheated' });
    const refused = await post(instance, '/simulator/faults', { device: 'device-3', fault: 'overheated' });
    const hot = await eventually(async () => {
      const [first] = await read<Device[]>(instance, '/simulator/data');
      return first?.state === 'fault' && first;
    }, SLOW);
    await stop(instance);

    assert.deepEqual([set.status, refused.status], [200, 400]);
    assert.ok(hot.temperature > 75);
  });
});

function hasFile(folder: string, name: string): boolean {
  return readdirSync(folder, { recursive: true }).some((path) => String(path).endsWith(name));
}
