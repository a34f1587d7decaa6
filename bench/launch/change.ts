import { setTimeout as wait } from 'node:timers/promises';
import type { InstanceView } from '@flowyard/protocol';
import { deploy } from '../../test/support/builders.ts';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { startBareNodeRed } from '../support/bare-node-red.ts';
import { flowsOf } from '../support/flows.ts';
import { ask, untilAnswers } from '../support/until-answers.ts';
import { create, createWorld, remove, type World } from './world.ts';

async function restartedAfter({ cp }: World, instance: InstanceView): Promise<number> {
  const begin = performance.now();
  await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'restart' } });
  // The old process answers until it is told; only what comes after counts.
  while ((await ask(instance.url, '/bench'))?.status === 200) {
    await wait(1);
  }
  await untilAnswers(instance.url, '/bench');
  return performance.now() - begin;
}

/** Restarting an instance of 500 nodes until its route answers. */
export async function benchRestart({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 3 : 8;
  const world = await createWorld(0);
  const figures = { bare: [] as number[], ours: [] as number[] };
  const flows = flowsOf(500, 'bench');
  try {
    const { instance } = await create(world);
    await deploy(world.cp, instance.id, flows);
    await untilAnswers(instance.url, '/bench');
    for (let round = 0; round < rounds; round++) {
      say(`L4: round ${round + 1} of ${rounds}`);
      const bare = await startBareNodeRed({ flows, path: '/bench' });
      figures.bare.push(bare.startedAfterMs);
      await bare.stop();
      figures.ours.push(await restartedAfter(world, instance));
    }
  } finally {
    await world.cp.stop();
  }
  const what = 'restart with 500 nodes → route answers';
  const bare = measuredRow({ row: 'L4', what, variant: 'bare start', unit: 'ms' }, figures.bare);
  const goal = { against: bare.median, ratio: 0.8, text: '≤ 0.8 × bare' };
  return [bare, measuredRow({ row: 'L4', what, variant: 'ours', unit: 'ms' }, figures.ours, goal)];
}

async function postFlows(url: string, flows: unknown): Promise<void> {
  const response = await fetch(`${url}/flows`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'node-red-deployment-type': 'full' },
    body: JSON.stringify(flows),
  });
  await response.arrayBuffer();
}

/** Rolling back flows of several sizes until the route answers as before. */
export async function benchRollBack({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 2 : 6;
  const rows: Row[] = [];
  const world = await createWorld(0);
  const { cp } = world;
  const bare = await startBareNodeRed();
  try {
    for (const nodes of [10, 500, 5000] as const) {
      const { instance } = await create(world);
      await deploy(cp, instance.id, flowsOf(nodes, 'old'));
      await untilAnswers(instance.url, '/bench', 'old');
      const snapshot = await cp.admin.call('createInstanceSnapshot', {
        params: { id: instance.id },
        body: { name: 'Old' },
      });
      const figures = { bare: [] as number[], ours: [] as number[] };
      for (let round = 0; round < rounds; round++) {
        say(`L5: ${nodes} nodes, round ${round + 1} of ${rounds}`);
        await postFlows(bare.url, flowsOf(nodes, 'new'));
        await untilAnswers(bare.url, '/bench', 'new');
        const bareBegin = performance.now();
        await postFlows(bare.url, flowsOf(nodes, 'old'));
        await untilAnswers(bare.url, '/bench', 'old');
        figures.bare.push(performance.now() - bareBegin);
        await deploy(cp, instance.id, flowsOf(nodes, 'new'));
        await untilAnswers(instance.url, '/bench', 'new');
        const begin = performance.now();
        await cp.admin.call('rollBackInstance', {
          params: { id: instance.id },
          body: { snapshotId: snapshot.id },
        });
        await untilAnswers(instance.url, '/bench', 'old');
        figures.ours.push(performance.now() - begin);
      }
      await remove(world, instance.id);
      const what = `roll back of ${nodes} nodes → route answers`;
      const bareRow = measuredRow(
        { row: 'L5', what, variant: 'POST /flows to bare', unit: 'ms' },
        figures.bare,
      );
      const goal = { against: bareRow.median, ratio: 1.5, text: '≤ 1.5 × bare' };
      rows.push(bareRow, measuredRow({ row: 'L5', what, variant: 'ours', unit: 'ms' }, figures.ours, goal));
    }
  } finally {
    await bare.stop();
    await cp.stop();
  }
  return rows;
}
