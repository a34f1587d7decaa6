import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { rssOf } from '../support/memory.ts';
import {
  buildWorld,
  connectDevices,
  current,
  type OnText,
  rawBroadcast,
  untilLast,
  type World,
} from './fleet-world.ts';

const TICKS_PER_SECOND = 100;
const KB = 1000;

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
  for (const count of options.quick ? [1, 100, 1000] : [1, 100, 1000, 10_000]) {
    rows.push(...(await benchFleetOf(count, options)));
  }
  return rows;
}
