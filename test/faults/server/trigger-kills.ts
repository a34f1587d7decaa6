import { setTimeout as wait } from 'node:timers/promises';
import { answeringFlow, buildApplication, buildInstance } from '../../support/builders.ts';
import { eventually } from '../../support/eventually.ts';
import { type KillSite, LONG_AGO, type WriteKills } from './write-kills.ts';

/** In this time triggers are looked at again. */
const LOOK_MS = 2500;

interface Triggered {
  pipelineId: string;
  triggerId: string;
  instanceId: string;
  times: number;
}

async function prepare(
  { cp }: KillSite,
  body: { kind: 'snapshot' } | { kind: 'schedule'; cron: string; timeZone: string },
): Promise<Triggered> {
  const { applicationId } = await buildApplication(cp);
  const source = await buildInstance(cp, applicationId, { flows: answeringFlow('pushed') });
  const target = await buildInstance(cp, applicationId);
  const { id } = await cp.admin.call('createPipeline', {
    params: { id: applicationId },
    body: { name: 'Release' },
  });
  const at = { params: { id } };
  await cp.admin.call('createStage', { ...at, body: { name: 'from', instanceId: source.id } });
  const { stages } = await cp.admin.call('createStage', {
    ...at,
    body: { name: 'to', instanceId: target.id },
  });
  const { trigger } = await cp.admin.call('createTrigger', { params: { id: stages[0]?.id ?? '' }, body });
  return { pipelineId: id, triggerId: trigger.id, instanceId: source.id, times: 0 };
}

async function pushes({ knex }: KillSite, { pipelineId }: Triggered) {
  const rows: Array<{ finished_at: string | null }> = await knex('deployments')
    .where({ pipeline_id: pipelineId })
    .select('finished_at');
  return { count: rows.length, areFinished: rows.every(({ finished_at }) => finished_at !== null) };
}

/** After the restart: it has pushed once for each time, and does not push again. */
async function check(
  site: KillSite,
  state: Triggered,
  isSettled: () => Promise<boolean>,
): Promise<string | null> {
  // As if the minute were over for which the process that was killed had it.
  await site.knex('stage_triggers').where({ id: state.triggerId }).update({ claimed_until: null });
  await eventually(isSettled, { withinMs: 20_000 });
  await eventually(async () => (await pushes(site, state)).areFinished, { withinMs: 20_000 });
  await wait(LOOK_MS);
  const { count } = await pushes(site, state);
  return count === state.times ? null : `${count} pushes for ${state.times} times`;
}

const isMovedOn = async ({ knex }: KillSite, { triggerId }: Triggered) =>
  (await knex('stage_triggers').where({ id: triggerId }).first('next_at')).next_at > LONG_AGO;

/** Whether the newest snapshot is the last that it pushed. */
async function isPushed({ knex }: KillSite, { triggerId, instanceId, times }: Triggered): Promise<boolean> {
  const taken = await knex('snapshots')
    .where({ instance_id: instanceId, kind: 'manual' })
    .orderBy('id', 'desc')
    .select('id');
  const trigger = await knex('stage_triggers').where({ id: triggerId }).first('last_snapshot_id');
  return taken.length === times && trigger.last_snapshot_id === taken[0].id;
}

export const SCHEDULED_TRIGGER_KILLS: WriteKills<Triggered> = {
  name: 'a push by schedule',
  expected: 'one push for each time that it was due',
  from: 'update `stage_triggers`',
  prepare: (site) => prepare(site, { kind: 'schedule', cron: '0 3 * * *', timeZone: 'UTC' }),
  arrange: async ({ cp, knex }, state) => {
    state.times += 1;
    await cp.end('SIGTERM');
    await knex('stage_triggers').where({ id: state.triggerId }).update({ next_at: LONG_AGO });
  },
  done: isMovedOn,
  check: (site, state) => check(site, state, () => isMovedOn(site, state)),
};

export const SNAPSHOT_TRIGGER_KILLS: WriteKills<Triggered> = {
  name: 'a push of each snapshot that is taken',
  expected: 'one push for each snapshot',
  from: 'update `stage_triggers`',
  prepare: (site) => prepare(site, { kind: 'snapshot' }),
  arrange: async (_site, state) => {
    state.times += 1;
  },
  begin: ({ cp }, { instanceId: id, times }) =>
    cp.admin.call('createInstanceSnapshot', { params: { id }, body: { name: `Take ${times}` } }),
  done: isPushed,
  check: (site, state) => check(site, state, () => isPushed(site, state)),
};
