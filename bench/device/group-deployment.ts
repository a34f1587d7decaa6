import { setTimeout as wait } from 'node:timers/promises';
import type { DeviceTarget, RolloutPolicy } from '@flowyard/protocol';
import type { WebSocket } from 'ws';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { buildWorld, connectDevices, current, type OnText, untilLast, type World } from './fleet-world.ts';

const DEVICES = 1000;
const WAVES: RolloutPolicy['waves'] = [{ count: 1 }, { percent: 10 }, 'rest'];
/** Each wave but the last one is watched for so long. */
const HEALTH_SECONDS = 1;
const HEALTH_MS = (WAVES.length - 1) * HEALTH_SECONDS * 1000;

/** The stage from which is pushed into the group. */
export async function buildStage({ cp, applicationId, instanceId, groupId }: World): Promise<string> {
  const pipeline = await cp.admin.call('createPipeline', {
    params: { id: applicationId },
    body: { name: 'To the fleet' },
  });
  const params = { id: pipeline.id };
  const { stages } = await cp.admin.call('createStage', { params, body: { name: 'From', instanceId } });
  await cp.admin.call('createStage', { params, body: { name: 'Fleet', deviceGroupId: groupId } });
  return stages[0]?.id ?? '';
}

/** As an agent does whose update works at once; whether there was one. */
function obey(socket: WebSocket, text: string): boolean {
  const command = JSON.parse(text) as { type: string; target?: DeviceTarget };
  if (command.type !== 'target' || !command.target) {
    return false;
  }
  const { generation, snapshot } = command.target;
  const state = { ...current(generation), state: 'running', step: null, snapshotId: snapshot?.id ?? null };
  socket.send(JSON.stringify({ type: 'state', current: state }));
  return true;
}

/** Milliseconds until a push has reached all devices, they said so, and it has ended. */
async function push(
  { cp, knex }: World,
  stageId: string,
  body: Partial<Pick<RolloutPolicy, 'waves' | 'healthSeconds'>> & { snapshotId: string },
  haveObeyed: () => boolean,
): Promise<number> {
  const since = performance.now();
  const { deployment } = await cp.admin.call('deployStage', { params: { id: stageId }, body });
  // Asking meanwhile would cost the fleet, which is in this process, a part of its time.
  while (!haveObeyed()) {
    await wait(2);
  }
  for (;;) {
    const row = await knex('deployments').where({ id: deployment.id }).first('state');
    if (row?.state === 'succeeded') {
      return performance.now() - since;
    }
    if (row?.state === 'failed') {
      throw new Error('the push failed');
    }
    await wait(1);
  }
}

/** What all devices of the group say of an earlier target must not come into the time of the next one. */
async function untilAllRun({ knex, groupId }: World, snapshotId: string): Promise<void> {
  const group = { device_group_id: groupId };
  while (
    (await knex('devices').where(group).whereNot({ running_snapshot_id: snapshotId }).first('id')) !==
    undefined
  ) {
    await wait(10);
  }
}

/** How long a push to a whole group takes, against its devices only hearing of a new target, and what waves add to it. */
export async function benchGroupDeployment({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 3 : 10;
  say(`D4 with ${DEVICES} devices`);
  const world = await buildWorld(DEVICES);
  const { cp, groupId, snapshots } = world;
  const [one = '', two = ''] = snapshots;
  try {
    let heard: OnText = () => {};
    const sockets = await connectDevices(world, (index, text) => heard(index, text));
    const stageId = await buildStage(world);
    let obeyed = 0;
    const obeying: OnText = (index, text) => {
      obeyed += Number(obey(sockets[index] as WebSocket, text));
    };
    const setTarget = () =>
      cp.admin.call('setDeviceGroupTarget', { params: { id: groupId }, body: { snapshotId: one } });
    const pushAfresh = async (rollout: Omit<Parameters<typeof push>[2], 'snapshotId'>) => {
      heard = obeying;
      await setTarget();
      await untilAllRun(world, one);
      obeyed = 0;
      return push(world, stageId, { snapshotId: two, ...rollout }, () => obeyed >= DEVICES);
    };
    const targets: number[] = [];
    const pushes: number[] = [];
    const inWaves: number[] = [];
    const watched: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const hear = (on: OnText) => {
        heard = (index, text) => text.includes('"type":"target"') && on(index, text);
      };
      targets.push(await untilLast(DEVICES, hear, setTarget));
      pushes.push(await pushAfresh({ waves: [] }));
      inWaves.push(await pushAfresh({ waves: WAVES }));
      watched.push(await pushAfresh({ waves: WAVES, healthSeconds: HEALTH_SECONDS }));
    }
    for (const socket of sockets) {
      socket.terminate();
    }
    return rowsOf({ targets, pushes, inWaves, watched });
  } finally {
    await world.knex.destroy();
    await cp.stop();
  }
}

function rowsOf(times: Record<'targets' | 'pushes' | 'inWaves' | 'watched', number[]>): Row[] {
  const d4 = { row: 'D4', unit: 'ms', what: `push to a group of ${DEVICES}` };
  const through = 'until all have said so';
  const waves = '1, 10 %, rest';
  const told = measuredRow({ ...d4, variant: 'only told (D1)' }, times.targets);
  const goal = { against: told.median, ratio: 3, text: '≤ 3 × D1' };
  const pushed = measuredRow({ ...d4, variant: `without waves, ${through}` }, times.pushes, goal);
  return [
    told,
    pushed,
    measuredRow({ ...d4, variant: `${waves}, no health time, ${through}` }, times.inWaves, goal),
    measuredRow({ ...d4, variant: `${waves}, ${HEALTH_SECONDS} s of health, ${through}` }, times.watched, {
      against: pushed.median + HEALTH_MS,
      ratio: 1.05,
      text: '≤ 1.05 × (without waves + health time)',
    }),
  ];
}
