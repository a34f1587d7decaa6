import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { deploy } from '../../test/support/builders.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { flowsOf } from '../support/flows.ts';
import { rssOf } from '../support/memory.ts';
import { ask, untilAnswers } from '../support/until-answers.ts';
import { create, createWorld, MIB, PEER, pidsOf } from './world.ts';

/** Starting the control plane, and what a killed one costs the flows of a running instance. */
export async function benchControlPlane({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 3 : 8;
  const world = await createWorld(0);
  const { cp } = world;
  const figures = {
    start: [] as number[],
    memory: [] as number[],
    gap: [] as number[],
    lost: [] as number[],
  };
  try {
    const { instance } = await create(world);
    await deploy(cp, instance.id, flowsOf(10, 'bench'));
    await untilAnswers(instance.url, '/bench');
    for (let round = 0; round < rounds; round++) {
      say(`L7, L8: round ${round + 1} of ${rounds}`);
      await wait(1000);
      figures.memory.push((rssOf(cp.pid) ?? Number.NaN) / MIB);
      const direct = watchDirectly(cp.dataDir);
      await cp.end('SIGKILL');
      const begin = performance.now();
      const ready = cp.start().then(() => performance.now() - begin);
      figures.gap.push(await untilAnswers(instance.url, '/bench'));
      figures.start.push(await ready);
      figures.lost.push(await direct.stop());
    }
  } finally {
    await cp.stop();
  }
  const start = measuredRow(
    { row: 'L7', what: 'control plane: start → ready and signed in', variant: 'ours', unit: 'ms' },
    figures.start,
    {
      against: PEER.startMs,
      ratio: 0.6,
      text: '≤ 0.6 × peer (recorded)',
    },
  );
  return [
    start,
    measuredRow(
      { row: 'L7', what: 'control plane: memory idle (RSS)', variant: 'ours', unit: 'MB' },
      figures.memory,
      {
        against: PEER.memoryMb,
        ratio: 0.6,
        text: '≤ 0.6 × peer (recorded)',
      },
    ),
    measuredRow(
      { row: 'L8', what: 'killed: requests lost on the own port', variant: 'ours', unit: 'requests' },
      figures.lost,
      {
        against: 1,
        ratio: 0,
        text: '0 lost',
      },
    ),
    measuredRow(
      { row: 'L8', what: 'killed: gap through the proxy', variant: 'ours', unit: 'ms' },
      figures.gap,
      {
        against: start.median,
        ratio: 1.5,
        text: '≤ 1.5 × L7',
      },
    ),
  ];
}

/** Asks a running Node-RED on its own port all the time and counts what is not answered. */
function watchDirectly(dataDir: string): { stop: () => Promise<number> } {
  const [pid = 0] = pidsOf(dataDir);
  const port = listeningPort(pid);
  let lost = 0;
  let stopped = false;
  const work = (async () => {
    while (!stopped) {
      if ((await ask(`http://127.0.0.1:${port}`, '/bench'))?.status !== 200) {
        lost++;
      }
      await wait(5);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await work;
      return lost;
    },
  };
}

/** The TCP port that a process listens on, from the kernel's tables. */
function listeningPort(pid: number): number {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  for (const line of readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    if (fields[3] === '0A' && inodes.has(fields[9] ?? '')) {
      return Number.parseInt(fields[1]?.split(':')[1] ?? '0', 16);
    }
  }
  throw new Error(`Process ${pid} does not listen.`);
}
