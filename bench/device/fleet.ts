import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
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
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { rssOf } from '../support/memory.ts';

const CONNECT_AT_ONCE = 50;
const TICKS_PER_SECOND = 100;
const KB = 1000;
const FRAME = 'x'.repeat(300);
const RAW_SERVER = (ws: string) => `
  const { WebSocketServer } = require(${JSON.stringify(ws)});
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false }, () => process.send(server.address().port));
  process.on('message', () => { for (const client of server.clients) client.send(${JSON.stringify(FRAME)}); });
`;

type OnText = (index: number, text: string) => void;

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
function untilLast(count: number, hear: (heard: OnText) => void, begin: () => unknown): Promise<number> {
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
async function rawBroadcast(count: number, rounds: number): Promise<number[]> {
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

interface World {
  cp: ControlPlaneProcess;
  knex: Knex;
  groupId: string;
  snapshots: string[];
  tokens: string[];
}

/** A group with so many devices: one is made as people make it, the others are copies of its row. */
async function buildWorld(count: number): Promise<World> {
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
  return { cp, knex, groupId: group.id, snapshots, tokens };
}

const current = (generation: number) => ({
  generation,
  state: 'updating',
  snapshotId: null,
  step: `step ${generation}`,
  progress: null,
  reason: null,
  failedSnapshotId: null,
  nodeRed: null,
});

async function connectDevices({ cp, tokens }: World, onText: OnText): Promise<WebSocket[]> {
  const url = cp.url.replace('http', 'ws').replace('localhost', '127.0.0.1');
  const told = new Set<number>();
  const open = (index: number) =>
    new WebSocket(`${url}/agent`, {
      headers: { authorization: `Bearer ${tokens[index]}` },
      perMessageDeflate: false,
    });
  const sockets = await connectAll(tokens.length, open, (index, text) => {
    told.add(index);
    onText(index, text);
  });
  for (const socket of sockets) {
    const facts = { agentVersion: '0.1.0', nodeJs: process.version, platform: 'linux x64' };
    const capabilities = ['spool'];
    const hello = { type: 'hello', protocol: AGENT_PROTOCOL, ...facts, time: Date.now(), capabilities };
    socket.send(JSON.stringify({ ...hello, current: current(0) }));
  }
  while (told.size < tokens.length) {
    await wait(20);
  }
  return sockets;
}

/** Each device sends so many reports; the time until the last of them is in the database. */
async function reportsPerSecond({ knex }: World, sockets: WebSocket[], each: number, from: number) {
  const since = performance.now();
  for (let n = 1; n <= each; n++) {
    for (const socket of sockets) {
      socket.send(JSON.stringify({ type: 'state', current: current(from + n) }));
    }
  }
  for (;;) {
    const [row] = await knex('devices')
      .where({ current_generation: from + each })
      .count({ done: '*' });
    if (Number(row?.done) === sockets.length) {
      return (sockets.length * each * 1000) / (performance.now() - since);
    }
    await wait(20);
  }
}

function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The share of a core that one report for each device and minute costs, in percent. */
async function cpuAtRest({ cp }: World, sockets: WebSocket[], seconds: number, from: number) {
  const before = cpuSecondsOf(cp.pid);
  const pause = (60 * 1000) / sockets.length;
  const end = performance.now() + seconds * 1000;
  let sent = 0;
  for (let due = performance.now(); due < end; due += pause) {
    await wait(Math.max(0, due - performance.now()));
    sockets[sent % sockets.length]?.send(JSON.stringify({ type: 'state', current: current(from + 1) }));
    sent += 1;
  }
  return ((cpuSecondsOf(cp.pid) - before) * 100) / seconds;
}

async function benchFleetOf(count: number, { quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 4 : 10;
  say(`D1–D3 with ${count} devices`);
  const raw = await rawBroadcast(count, rounds);
  const world = await buildWorld(count);
  const { cp, groupId, snapshots } = world;
  try {
    await wait(2000);
    const empty = rssOf(cp.pid) ?? Number.NaN;
    let heard: OnText = () => {};
    const sockets = await connectDevices(world, (index, text) => heard(index, text));
    const memory = ((rssOf(cp.pid) ?? Number.NaN) - empty) / count / KB;
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const body = { snapshotId: snapshots[round % 2] ?? '' };
      times.push(
        await untilLast(
          count,
          (on) => {
            heard = (index, text) => text.includes('"type":"target"') && on(index, text);
          },
          () => cp.admin.call('setDeviceGroupTarget', { params: { id: groupId }, body }),
        ),
      );
    }
    const d1 = { row: 'D1', what: `target set → command at the last of ${count}`, unit: 'ms' };
    const rows = [measuredRow({ ...d1, variant: 'raw ws broadcast' }, raw)];
    rows.push(
      measuredRow({ ...d1, variant: 'ours' }, times, {
        against: rows[0]?.median ?? Number.NaN,
        ratio: 2,
        text: '≤ 2 × raw',
      }),
    );
    if (count >= 1000) {
      const rates: number[] = [];
      const each = quick ? 10 : 30;
      for (let round = 0; round < 3; round++) {
        rates.push(await reportsPerSecond(world, sockets, each, round * each));
      }
      rows.push(
        measuredRow(
          { row: 'D2', what: `reports accepted and durable, ${count} devices`, variant: 'ours', unit: '/s' },
          rates,
          { against: 10_000, ratio: 1, atLeast: true, text: '≥ 10,000/s' },
        ),
        measuredRow(
          { row: 'D3', what: `memory for each of ${count} devices`, variant: 'ours', unit: 'kB' },
          [memory],
          { against: 25, ratio: 1, text: '≤ 25 kB' },
        ),
        measuredRow(
          { row: 'D3', what: `CPU, one report for each of ${count} a minute`, variant: 'ours', unit: '%' },
          [await cpuAtRest(world, sockets, quick ? 10 : 60, 3 * each)],
          { against: 25, ratio: 1, text: '≤ 25 % of a core' },
        ),
      );
    }
    for (const socket of sockets) {
      socket.terminate();
    }
    return rows;
  } finally {
    await world.knex.destroy();
    await cp.stop();
  }
}

/** How quickly all of a fleet hear of a new target, how many reports are taken in, and what connections cost. */
export async function benchFleet(options: BenchOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of options.quick ? [1, 100, 1000] : [1, 100, 1000, 5000]) {
    rows.push(...(await benchFleetOf(count, options)));
  }
  return rows;
}
