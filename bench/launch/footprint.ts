import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { startBareNodeRed } from '../support/bare-node-red.ts';
import { pssOf } from '../support/memory.ts';
import { create, createWorld, MIB, pidsOf, REFILL_MS, remove } from './world.ts';

/** The memory of one instance beside that of Node-RED alone. */
export async function benchMemory({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 2 : 4;
  const figures = { bare: [] as number[], ours: [] as number[] };
  const world = await createWorld(0);
  try {
    for (let round = 0; round < rounds; round++) {
      say(`L6: round ${round + 1} of ${rounds}`);
      const bare = await startBareNodeRed();
      const { instance } = await create(world);
      await wait(REFILL_MS);
      const [pid = 0] = pidsOf(world.cp.dataDir);
      figures.bare.push((pssOf(bare.pid) ?? Number.NaN) / MIB);
      figures.ours.push((pssOf(pid) ?? Number.NaN) / MIB);
      await bare.stop();
      await remove(world, instance.id);
      await eventually(() => pidsOf(world.cp.dataDir).length === 0);
    }
  } finally {
    await world.cp.stop();
  }
  const what = 'memory of one instance (PSS)';
  const bare = measuredRow({ row: 'L6', what, variant: 'bare node-red', unit: 'MB' }, figures.bare);
  const goal = { against: bare.median, ratio: 1.1, text: '≤ 1.10 × bare' };
  return [bare, measuredRow({ row: 'L6', what, variant: 'ours', unit: 'MB' }, figures.ours, goal)];
}
