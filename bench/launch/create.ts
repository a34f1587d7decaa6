import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { startBareNodeRed } from '../support/bare-node-red.ts';
import { create, createWorld, PEER, REFILL_MS, remove } from './world.ts';

/** A new instance until its editor answers: with and without a warm process, against Node-RED's own command. */
export async function benchCreate({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 3 : 10;
  const warm = await createWorld(1);
  const cold = await createWorld(0);
  const figures = { bare: [] as number[], warm: [] as number[], cold: [] as number[] };
  try {
    for (let round = 0; round < rounds; round++) {
      say(`L1, L2: round ${round + 1} of ${rounds}`);
      const bare = await startBareNodeRed();
      figures.bare.push(bare.startedAfterMs);
      await bare.stop();
      for (const kind of ['warm', 'cold'] as const) {
        // A pool that refills itself would compete with what is measured.
        await wait(REFILL_MS);
        const world = kind === 'warm' ? warm : cold;
        const { instance, ms } = await create(world);
        figures[kind].push(ms);
        await remove(world, instance.id);
      }
    }
  } finally {
    await warm.cp.stop();
    await cold.cp.stop();
  }
  return createRows(['L1', 'L2'], 'Node-RED 4.1', figures);
}

function createRows(
  [withPool, without]: [string, string],
  version: string,
  figures: { bare: number[]; warm: number[]; cold: number[] },
): Row[] {
  const what = `create → editor answers, ${version}`;
  const bare = measuredRow({ row: withPool, what, variant: 'bare node-red', unit: 'ms' }, figures.bare);
  const against = bare.median;
  return [
    bare,
    measuredRow({ row: withPool, what, variant: 'warm pool', unit: 'ms' }, figures.warm, {
      against,
      ratio: 0.1,
      text: '≤ 0.10 × bare',
    }),
    measuredRow({ row: withPool, what, variant: 'warm pool', unit: 'ms' }, figures.warm, {
      against: PEER.createMs,
      ratio: 0.05,
      text: '≤ 0.05 × peer (recorded)',
    }),
    measuredRow({ row: without, what, variant: 'no pool', unit: 'ms' }, figures.cold, {
      against,
      ratio: 0.75,
      text: '≤ 0.75 × bare',
    }),
  ];
}

/** The same with Node-RED 5 on its own Node.js, which is installed first. */
export async function benchNodeRed5({ say }: BenchOptions): Promise<Row[]> {
  const rounds = 5;
  const world = await createWorld(1);
  const { cp } = world;
  try {
    const stack = (await cp.admin.call('listStacks')).items.find(({ nodeRed }) => nodeRed.startsWith('5.'));
    if (stack === undefined) {
      throw new Error('There is no stack with Node-RED 5.');
    }
    say('L3: installing Node-RED 5');
    await cp.admin.call('actOnStack', { params: { id: stack.id }, body: { action: 'install' } });
    await eventually(
      async () => {
        const { state, detail } = await cp.admin.call('getStack', { params: { id: stack.id } });
        if (state === 'failed') {
          say(`L3: ${detail}`);
        }
        return state === 'ready';
      },
      { withinMs: 300_000, everyMs: 500 },
    );
    const folder = join(cp.dataDir, 'stacks', stack.id, 'node_modules');
    const bareOptions = {
      nodeRedDir: join(folder, 'node-red'),
      nodePath: join(folder, `node-${process.platform}-${process.arch}`, 'bin/node'),
    };
    // The first one brings the stack into use, so that from then on a process is kept warm for it.
    const first = await create(world, stack.id);
    const figures = { bare: [] as number[], warm: [] as number[], cold: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      say(`L3: round ${round + 1} of ${rounds}`);
      const bare = await startBareNodeRed(bareOptions);
      figures.bare.push(bare.startedAfterMs);
      await bare.stop();
      await wait(REFILL_MS);
      const warm = await create(world, stack.id);
      figures.warm.push(warm.ms);
      // Asked for at once, before the pool has another one.
      const cold = await create(world, stack.id);
      figures.cold.push(cold.ms);
      await remove(world, warm.instance.id);
      await remove(world, cold.instance.id);
    }
    await remove(world, first.instance.id);
    return createRows(['L3', 'L3'], 'Node-RED 5', figures);
  } finally {
    await cp.stop();
  }
}
