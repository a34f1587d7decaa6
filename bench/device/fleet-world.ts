import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AGENT_PROTOCOL } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { WebSocket } from 'ws';
import { openDatabase } from '../../control-plane/src/db/connection.ts';
import { newId } from '../../control-plane/src/ids.ts';
import { hashToken } from '../../control-plane/src/secrets/tokens.ts';
import { answeringFlow, buildApplication, buildInstance } from '../../test/support/builders.ts';
import { ControlPlaneProcess } from '../../test/support/control-plane-process.ts';

const CONNECT_AT_ONCE = 50;
const FRAME = 'x'.repeat(300);
const RAW_SERVER = (ws: string) => `
  const { WebSocketServer } = require(${JSON.stringify(ws)});
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false }, () => process.send(server.address().port));
  process.on('message', () => { for (const client of server.clients) client.send(${JSON.stringify(FRAME)}); });
`;

export type OnText = (index: number, text: string) => void;

/** Sockets that all report to one reader. */
async function connectAll(count: number, open: (index: number) => WebSocket, onText: OnText) {
  const sockets: WebSocket[] = [];
  for (let start = 0; start < count; start += CONNECT_AT_ONCE) {
    const some = Array.from({ length: Math.min(CONNECT_AT_ONCE, count - start) }, (_value, i) => {
      const index = start + i;
      const socket = open(index);
      socket.on('message', (data) => onText(index, data.toString()));
      return new Promise<WebSocket>((resolve, reject) => {
        socket.once('open', () => resolve(socket));
        socket.once('error', reject);
      });
    });
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

/** Milliseconds from `begin` until each of so many has heard. */
export function untilLast(
  count: number,
  hear: (heard: OnText) => void,
  begin: () => unknown,
): Promise<number> {
  return new Promise((resolve) => {
    const heard = new Set<number>();
    const since = performance.now();
    hear((index) => {
      heard.add(index);
      if (heard.size === count) {
        resolve(performance.now() - since);
      }
    });
    void begin();
  });
}

/** The least that it can take: one process that sends the same text to all. */
export async function rawBroadcast(count: number, rounds: number): Promise<number[]> {
  const code = RAW_SERVER(createRequire(import.meta.url).resolve('ws'));
  const child: ChildProcess = spawn(process.execPath, ['-e', code], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const port = await new Promise((resolve) => child.once('message', resolve));
  let heard: OnText = () => {};
  const open = () => new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  const sockets = await connectAll(count, open, (index, text) => heard(index, text));
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    times.push(
      await untilLast(
        count,
        (on) => {
          heard = on;
        },
        () => child.send('go'),
      ),
    );
  }
  for (const socket of sockets) {
    socket.terminate();
  }
  child.kill('SIGKILL');
  return times;
}

export interface World {
  cp: ControlPlaneProcess;
  knex: Knex;
  applicationId: string;
  instanceId: string;
  groupId: string;
  snapshots: string[];
  tokens: string[];
}

/** A group with so many devices: one is made as people make it, the others are copies of its row. */
export async function buildWorld(count: number): Promise<World> {
  const cp = new ControlPlaneProcess();
  await cp.start();
  const { teamId, applicationId } = await buildApplication(cp);
  const instance = await buildInstance(cp, applicationId, { flows: answeringFlow('one') });
  const snapshots: string[] = [];
  for (const name of ['One', 'Two']) {
    const body = { name };
    snapshots.push((await cp.admin.call('createInstanceSnapshot', { params: { id: instance.id }, body })).id);
  }
  const group = await cp.admin.call('createDeviceGroup', {
    params: { id: applicationId },
    body: { name: 'Fleet' },
  });
  const { device } = await cp.admin.call('createDevice', {
    params: { id: teamId },
    body: { name: 'First', applicationId },
  });
  const knex = openDatabase({ file: join(cp.dataDir, 'flowyard.sqlite') });
  const model = await knex('devices').where({ id: device.id }).first();
  const tokens = Array.from({ length: count }, (_value, index) => `fyd_benchmark-${index}`);
  for (let start = 0; start < count; start += 100) {
    const rows = tokens.slice(start, start + 100).map((token, i) => ({
      ...model,
      id: newId(),
      name: `gateway ${start + i}`,
      device_group_id: group.id,
      token_hash: hashToken(token),
    }));
    await knex('devices').insert(rows);
  }
  return { cp, knex, applicationId, instanceId: instance.id, groupId: group.id, snapshots, tokens };
}

export const current = (generation: number) => ({
  generation,
  state: 'updating',
  snapshotId: null,
  step: `step ${generation}`,
  progress: null,
  reason: null,
  failedSnapshotId: null,
  nodeRed: null,
});

export async function connectDevices({ cp, tokens }: World, onText: OnText): Promise<WebSocket[]> {
  const url = cp.url.replace('http', 'ws').replace('localhost', '127.0.0.1');
  const told = new Set<number>();
  const facts = { agentVersion: '0.1.0', nodeJs: process.version, platform: 'linux x64' };
  const hello = {
    type: 'hello',
    protocol: AGENT_PROTOCOL,
    ...facts,
    capabilities: ['spool'],
    current: current(0),
  };
  const open = (index: number) => {
    const socket = new WebSocket(`${url}/agent`, {
      headers: { authorization: `Bearer ${tokens[index]}` },
      perMessageDeflate: false,
    });
    return socket.once('open', () => socket.send(JSON.stringify({ ...hello, time: Date.now() })));
  };
  const sockets = await connectAll(tokens.length, open, (index, text) => {
    told.add(index);
    onText(index, text);
  });
  while (told.size < tokens.length) {
    await wait(20);
  }
  return sockets;
}
