import { setTimeout as wait } from 'node:timers/promises';
import type { DeviceTarget, RolloutPolicy } from '@flowyard/protocol';
import type { WebSocket } from 'ws';
import type { BenchOptions } from '../options.ts';
import { measuredRow, type Row } from '../rows.ts';
import { buildWorld, connectDevices, current, type OnText, untilLast, type World } from './fleet-world.ts';

const DEVICES = 1000;

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

/** As an agent does whose update works at once. */
function obey(socket: WebSocket, text: string): void {
  const command = JSON.parse(text) as { type: string; target?: DeviceTarget };
  if (command.type === 'target' && command.target) {
    const { generation, snapshot } = command.target;
    const state = { ...current(generation), state: 'running', step: null, snapshotId: snapshot?.id ?? null };
    socket.send(JSON.stringify({ type: 'state', current: state }));
  }
}

/** Milliseconds until a push has reached all devices, and they said so. */
async function push(
  { cp, knex }: World,
  stageId: string,
  snapshotId: string,
  waves: RolloutPolicy['waves'] = [],
): Promise<number> {
  const since = performance.now();
  const { deployment } = await cp.admin.call('deployStage', {
    params: { id: stageId },
    body: { snapshotId, waves },
  });
  for (;;) {
    const row = await knex('deployments').where({ id: deployment.id }).first('state');
    if (row?.state === 'succeeded') {
      return performance.now() - since;
    }
    if (row?.state === 'failed') {
      throw new Error('the push failed');
    }
    await wait(10);
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

/** How long a push to a whole group takes, against its devices only hearing of a new target. */
export async function benchGroupDeployment({ quick, say }: BenchOptions): Promise<Row[]> {
  const rounds = quick ? 3 : 10;
  say(`D4 with ${DEVICES} devices`);
  const world = await buildWorld(DEVICES);
  const { cp, groupId, snapshots } = world;
  try {
    let heard: OnText = () => {};
    const sockets = await connectDevices(world, (index, text) => heard(index, text));
    const stageId = await buildStage(world);
    const targets: number[] = [];
    const pushes: number[] = [];
    const inWaves: number[] = [];
    const waves: RolloutPolicy['waves'] = [{ count: 1 }, { percent: 10 }, 'rest'];
    for (let round = 0; round < rounds; round++) {
      const [one = '', two = ''] = snapshots;
      targets.push(
        await untilLast(
          DEVICES,
          (on) => {
            heard = (index, text) => text.includes('"type":"target"') && on(index, text);
          },
          () => cp.admin.call('setDeviceGroupTarget', { params: { id: groupId }, body: { snapshotId: one } }),
        ),
      );
      heard = (index, text) => obey(sockets[index] as WebSocket, text);
      pushes.push(await push(world, stageId, two));
      await cp.admin.call('setDeviceGroupTarget', { params: { id: groupId }, body: { snapshotId: one } });
      await untilAllRun(world, one);
      inWaves.push(await push(world, stageId, two, waves));
    }
    for (const socket of sockets) {
      socket.terminate();
    }
    const d4 = { row: 'D4', unit: 'ms' };
    const what = `push to a group of ${DEVICES}`;
    const reference = measuredRow({ ...d4, what, variant: 'only told (D1)' }, targets);
    const goal = { against: reference.median, ratio: 3, text: '≤ 3 × D1' };
    const variant = 'until all have said so';
    return [
      reference,
      measuredRow({ ...d4, what, variant: `without waves, ${variant}` }, pushes, goal),
      measuredRow({ ...d4, what, variant: `1, 10 %, rest, ${variant}` }, inWaves, goal),
    ];
  } finally {
    await world.knex.destroy();
    await cp.stop();
  }
}
