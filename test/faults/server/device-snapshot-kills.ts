import { answeringFlow, buildApplication } from '../../support/builders.ts';
import { eventually } from '../../support/eventually.ts';
import { SnapshotAgent } from '../../support/snapshot-agent.ts';
import { countSnapshots, type KillSite, LONG_AGO, type WriteKills } from './write-kills.ts';

/** Devices are looked at every three seconds. */
const TAKEN_WITHIN_MS = 20_000;

interface Deployed {
  deviceId: string;
  agent: SnapshotAgent;
  deploys: number;
}

const taken = (site: KillSite, { deviceId }: Deployed) =>
  countSnapshots(site, { device_id: deviceId, name: 'Deploy by ada' });

const isWanted = async ({ knex }: KillSite, { deviceId }: Deployed) =>
  (await knex('wanted_device_snapshots').where({ device_id: deviceId }).first('name')) !== undefined;

export const DEVICE_SNAPSHOT_KILLS: WriteKills<Deployed> = {
  name: 'a snapshot of a device after a deploy there',
  expected: 'one snapshot for each deploy',
  from: 'insert into `wanted_device_snapshots`',
  prepare: async ({ cp }) => {
    const { teamId, applicationId } = await buildApplication(cp);
    const { device, credentials } = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: 'Gateway', applicationId },
    });
    const values = { 'snapshots.keepAuto': 1000 };
    await cp.admin.call('putDeviceSettings', { params: { id: device.id }, body: { values } });
    return { deviceId: device.id, agent: new SnapshotAgent(cp.url, credentials.token), deploys: 0 };
  },
  arrange: async (_site, { agent }) => {
    agent.close();
    await agent.connect();
  },
  begin: async (_site, state) => {
    state.deploys += 1;
    state.agent.beginDeploy(answeringFlow(`deploy ${state.deploys}`));
  },
  done: async (site, state) => !(await isWanted(site, state)) && (await taken(site, state)) === state.deploys,
  check: async (site, state) => {
    state.agent.close();
    await state.agent.connect();
    // As if the time were over for which the process that was killed had it.
    await site.knex('wanted_device_snapshots').update({ not_before: LONG_AGO });
    await eventually(async () => (await taken(site, state)) >= state.deploys, {
      withinMs: TAKEN_WITHIN_MS,
    }).catch(() => undefined);
    await eventually(async () => !(await isWanted(site, state)), { withinMs: TAKEN_WITHIN_MS });
    const count = await taken(site, state);
    return count === state.deploys ? null : `${count} snapshots for ${state.deploys} deploys`;
  },
};
