import { answeringFlow, buildApplication, buildInstance, deploy } from '../../support/builders.ts';
import { eventually } from '../../support/eventually.ts';
import { countSnapshots, type KillSite, LONG_AGO, type WriteKills } from './write-kills.ts';

interface Scheduled {
  instanceId: string;
  edits: number;
}

const taken = (site: KillSite, { instanceId }: Scheduled) =>
  countSnapshots(site, { instance_id: instanceId, name: 'By schedule' });

const isMovedOn = async ({ knex }: KillSite, { instanceId }: Scheduled) =>
  (await knex('snapshot_schedules').where({ instance_id: instanceId }).first('next_at')).next_at > LONG_AGO;

export const SCHEDULE_KILLS: WriteKills<Scheduled> = {
  name: 'a snapshot by schedule',
  expected: 'one snapshot for each time that it was due',
  from: 'update `snapshot_schedules`',
  prepare: async ({ cp, knex }) => {
    const { applicationId } = await buildApplication(cp);
    const { id } = await buildInstance(cp, applicationId, { flows: answeringFlow('first') });
    const values = { 'snapshots.schedule': '0 3 * * *', 'snapshots.keepAuto': 1000 };
    await cp.admin.call('putInstanceSettings', { params: { id }, body: { values } });
    await cp.end('SIGTERM');
    await cp.start();
    await eventually(() => knex('snapshot_schedules').where({ instance_id: id }).first());
    return { instanceId: id, edits: 0 };
  },
  arrange: async ({ cp, knex }, state) => {
    state.edits += 1;
    await deploy(cp, state.instanceId, answeringFlow(`edit ${state.edits}`));
    await cp.end('SIGTERM');
    await knex('snapshot_schedules').where({ instance_id: state.instanceId }).update({ next_at: LONG_AGO });
  },
  done: isMovedOn,
  check: async (site, state) => {
    await eventually(() => isMovedOn(site, state));
    const count = await taken(site, state);
    return count === state.edits ? null : `${count} snapshots for ${state.edits} times`;
  },
};
