import { setTimeout as wait } from 'node:timers/promises';
import type { DeploymentView, DeviceTarget, RolloutPolicy } from '@flowyard/protocol';
import type { WebSocket } from 'ws';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { buildWorld, connectDevices, current, type World } from './fleet-world.ts';
import { buildStage } from './group-deployment.ts';

const DEVICES = 1000;
/** Of so many devices one fails: three in a hundred. */
const FAILS_EVERY = 33;
const WITHIN_MS = 60_000;
const ENDS: ReadonlySet<string> = new Set(['succeeded', 'failed', 'halted', 'rolled-back', 'aborted']);

interface Fleet {
  world: World;
  stageId: string;
  /** The snapshot that each device runs, as it says. */
  runs: Array<string | null>;
  /** How often each device was told to run the new snapshot. */
  told: number[];
}

/** As an agent does: three in a hundred find a snapshot bad that is not the first, and return to what they ran. */
function obey(fleet: Fleet, index: number, socket: WebSocket | undefined, text: string): void {
  const command = JSON.parse(text) as { type: string; target?: DeviceTarget };
  if (command.type !== 'target' || !command.target) {
    return;
  }
  const { generation, snapshot } = command.target;
  const [old = ''] = fleet.world.snapshots;
  const wanted = snapshot?.id ?? null;
  if (wanted !== old && wanted !== null && wanted !== fleet.runs[index]) {
    fleet.told[index] = (fleet.told[index] ?? 0) + 1;
  }
  const fails = wanted !== old && index % FAILS_EVERY === 1 && index < 30 * FAILS_EVERY;
  fleet.runs[index] = fails ? old : wanted;
  const failure = fails ? { failedSnapshotId: wanted, reason: 'The flows did not start.' } : {};
  const state = {
    ...current(generation),
    state: 'running',
    step: null,
    snapshotId: fleet.runs[index],
    ...failure,
  };
  socket?.send(JSON.stringify({ type: 'state', current: state }));
}

async function untilAll({ runs }: Fleet, snapshotId: string): Promise<void> {
  for (const end = Date.now() + WITHIN_MS; Date.now() < end; await wait(20)) {
    if (runs.every((id) => id === snapshotId)) {
      return;
    }
  }
  throw new Error('the fleet did not take the first snapshot');
}

/** Pushes the second snapshot, and waits until the run has ended or halted and nobody is under way. */
async function push({ world, stageId }: Fleet, policy: Partial<RolloutPolicy>) {
  const since = performance.now();
  const { admin } = world.cp;
  const body = { snapshotId: world.snapshots[1] ?? '', ...policy };
  const { deployment } = await admin.call('deployStage', { params: { id: stageId }, body });
  for (;;) {
    const view = await admin.call('getDeployment', { params: { id: deployment.id } });
    if (ENDS.has(view.state) && view.counts.updating === 0) {
      return { view, ms: performance.now() - since };
    }
    if (performance.now() - since > WITHIN_MS) {
      throw new Error(`the push is ${view.state}: ${JSON.stringify(view.counts)}`);
    }
    await wait(20);
  }
}

function story({ name, state, counts, message }: DeploymentView & { name: string }, onOld: number): string {
  return [
    `${name}: ${state}`,
    `  ${counts.succeeded} run the new release, ${counts.failed} failed, ${counts.waiting} were never told`,
    `  of those that failed ${onOld} run the old release`,
    `  “${message?.split('\n')[0] ?? ''}”`,
  ].join('\n');
}

async function withBudget(fleet: Fleet, percent: number, say: BenchOptions['say']): Promise<Row[]> {
  const { cp, groupId, snapshots } = fleet.world;
  const [old = ''] = snapshots;
  await cp.admin.call('setDeviceGroupTarget', { params: { id: groupId }, body: { snapshotId: old } });
  await untilAll(fleet, old);
  fleet.told.fill(0);
  const waves: RolloutPolicy['waves'] = [{ count: 1 }, { percent: 10 }, 'rest'];
  // So many at once that a halt comes before all were told.
  const policy = { waves, concurrency: 100, failureBudget: { percent } };
  const { view, ms } = await push(fleet, policy);
  const failed = await cp.admin.call('listDeploymentTargets', {
    params: { id: view.id },
    query: { state: 'failed', limit: 1000 },
  });
  const indexes = failed.items.map(({ name }) => Number(name.split(' ')[1]));
  const onOld = indexes.filter((index) => fleet.runs[index] === old).length;
  const twice = fleet.told.filter((times) => times > 1).length;
  const name = `3 % of ${DEVICES} devices fail, budget ${percent} %`;
  process.stdout.write(`${story({ ...view, name }, onOld)}\n  ${twice} were told twice\n`);
  say(name);
  if (view.state === 'halted') {
    await cp.admin.call('controlDeployment', { params: { id: view.id }, body: { action: 'abort' } });
  }
  const head = { row: 'D4', what: name };
  const all = { against: Math.max(1, view.counts.failed), ratio: 1, atLeast: true };
  return [
    measuredRow({ ...head, variant: `until it ${view.state === 'halted' ? 'halts' : 'ends'}`, unit: 'ms' }, [
      ms,
    ]),
    measuredRow({ ...head, variant: 'failed', unit: '' }, [view.counts.failed]),
    measuredRow({ ...head, variant: 'failed, on the old release', unit: '' }, [onOld], {
      ...all,
      text: 'all that failed',
    }),
    measuredRow({ ...head, variant: 'run the new release', unit: '' }, [view.counts.succeeded]),
  ];
}

/** A push to a fleet of which three in a hundred fail: with too small a budget, and with one that is large enough. */
export async function benchFailingRollout({ say }: BenchOptions): Promise<Row[]> {
  const world = await buildWorld(DEVICES);
  try {
    const runs = Array<string | null>(DEVICES).fill(null);
    const fleet: Fleet = {
      world,
      stageId: await buildStage(world),
      runs,
      told: Array<number>(DEVICES).fill(0),
    };
    const sockets: WebSocket[] = [];
    sockets.push(...(await connectDevices(world, (index, text) => obey(fleet, index, sockets[index], text))));
    const rows = [...(await withBudget(fleet, 2, say)), ...(await withBudget(fleet, 5, say))];
    for (const socket of sockets) {
      socket.terminate();
    }
    return rows;
  } finally {
    await world.knex.destroy();
    await world.cp.stop();
  }
}
