import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AGENT_PROTOCOL, DEFAULT_TRIAL, type DeviceTarget } from '@flowyard/protocol';
import pino from 'pino';
import { WebSocket } from 'ws';
import type { Greeting } from '../../../control-plane/src/features/registration/identity-service.ts';
import { AgentHub } from '../../../control-plane/src/relay/agent-hub.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import { AgentClient } from '../../support/agent-client.ts';
import { eventually } from '../../support/eventually.ts';

const DEVICE_ID = 'dev_1';

type Read = (deviceIds: string[]) => Promise<Map<string, DeviceTarget>>;

describe('The hub of the agents', () => {
  const changes = new Changes();
  let server: Server;
  let hub: AgentHub;
  let agent: AgentClient;
  let read: Read;
  let greeted: number;
  let greet: () => Promise<Greeting>;
  let gone: number;

  beforeEach(async () => {
    read = async () => targets(1);
    gone = 0;
    greeted = 0;
    greet = async () => ({ refused: null, newToken: null });
    const nothing = async () => {};
    hub = new AgentHub({
      agents: {
        recordHello: nothing,
        recordState: nothing,
        recordMetrics: () => {},
        recordHost: () => {},
        recordSpool: async () => 0,
        recordGone: async () => {
          gone += 1;
        },
      },
      targets: {
        read: async function* (deviceIds: string[]) {
          yield* await read(deviceIds);
        },
      },
      identities: {
        greet: () => {
          greeted += 1;
          return greet();
        },
        reportOther: nothing,
      },
      changes,
      logger: pino({ level: 'silent' }),
      pingMs: 100,
    });
    hub.start();
    server = createServer().on('upgrade', (request, socket, head) => {
      hub.accept(DEVICE_ID, request, socket, head);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    agent = await AgentClient.connect(
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      'any token',
    );
  });

  afterEach(async () => {
    agent.close();
    await hub.stop();
    changes.removeAllListeners();
    server.close();
  });

  it('sends the newest target last, also when an older one is still being read', async () => {
    const reads: ((found: Map<string, DeviceTarget>) => void)[] = [];
    read = () => new Promise((resolve) => reads.push(resolve));
    agent.hello();
    await eventually(() => reads.length === 1);
    changes.emit('targets', { deviceIds: [DEVICE_ID] });
    // A second reading, where there is one at once, ends first.
    reads[1]?.(targets(2));
    reads[0]?.(targets(1));
    await eventually(() => reads.length === 2);
    reads[1]?.(targets(2));
    await eventually(() => generationsOf(agent).length === 2);
    assert.deepEqual(generationsOf(agent), [1, 2]);
  });

  it('ends the connection when a target cannot be read, so that the agent comes again', async () => {
    read = () => Promise.reject(new Error('the database is away'));
    agent.hello();
    await eventually(() => agent.closeCode !== undefined);
    assert.deepEqual(agent.commands, []);
  });

  it('takes a device as away when it leaves pings unanswered though its connection stays open', async () => {
    const { port } = server.address() as AddressInfo;
    const halfOpen = new WebSocket(`ws://127.0.0.1:${port}/agent`, { autoPong: false });
    await new Promise<void>((resolve) => halfOpen.once('open', resolve));
    halfOpen.send(JSON.stringify({ ...HELLO, time: Date.now() }));
    await eventually(() => hub.isConnected(DEVICE_ID));
    const since = performance.now();

    await eventually(() => gone === 1);

    // Two pings at most; with the ten seconds of the real one that is well within 30.
    assert.ok(performance.now() - since < 1000);
    assert.equal(hub.isConnected(DEVICE_ID), false);
    halfOpen.terminate();
  });

  it('does not take as there a device that went away while it was greeted', async () => {
    let go = () => {};
    greet = () => new Promise((resolve) => (go = () => resolve({ refused: null, newToken: null })));
    agent.hello();
    await eventually(() => greeted === 1);
    agent.close();
    await eventually(() => agent.closeCode !== undefined);

    go();
    await delay(300);

    assert.equal(hub.isConnected(DEVICE_ID), false);
  });

  it('keeps a device that says nothing but answers pings', async () => {
    agent.hello();
    await eventually(() => hub.isConnected(DEVICE_ID));
    await delay(500);
    assert.deepEqual([hub.isConnected(DEVICE_ID), gone], [true, 0]);
  });
});

const HELLO = {
  type: 'hello',
  protocol: AGENT_PROTOCOL,
  agentVersion: '0.1.0',
  nodeJs: process.version,
  platform: 'linux x64',
  current: {
    generation: 0,
    state: 'idle',
    snapshotId: null,
    step: null,
    progress: null,
    reason: null,
    failedSnapshotId: null,
    nodeRed: null,
  },
};

function targets(generation: number): Map<string, DeviceTarget> {
  const target: DeviceTarget = {
    generation,
    desired: 'running',
    restarts: 0,
    retries: 0,
    device: { name: 'press-1', applicationName: null, teamId: 'team_1' },
    snapshot: null,
    variables: { below: {}, above: {} },
    settings: {},
    mode: 'fleet',
    developer: null,
    trial: DEFAULT_TRIAL,
  };
  return new Map([[DEVICE_ID, target]]);
}

function generationsOf(agent: AgentClient): number[] {
  return agent.commands.flatMap((command) => (command.type === 'target' ? [command.target.generation] : []));
}
