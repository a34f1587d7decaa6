import type { InstanceView } from '@flowyard/protocol';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  deploy,
  instanceIn,
} from '../../support/builders.ts';
import type { KillSite, WriteKills } from './write-kills.ts';

interface RolledBack {
  instance: InstanceView;
  snapshotId: string;
  edits: number;
  /** How often it was rolled back. */
  times: number;
}

const nowText = ({ edits }: RolledBack) => `edit ${edits}`;

async function safetySnapshots({ knex }: KillSite, { instance }: RolledBack): Promise<number> {
  const [row] = await knex('snapshots').where({ instance_id: instance.id, kind: 'auto' }).count({ n: '*' });
  return Number(row?.n);
}

async function hasOld({ cp }: KillSite, { instance }: RolledBack): Promise<boolean> {
  const { flows } = await cp.admin.call('getFlows', { params: { id: instance.id } });
  return JSON.stringify(flows) === JSON.stringify(answeringFlow('old'));
}

export const ROLL_BACK_KILLS: WriteKills<RolledBack> = {
  name: 'a roll back',
  expected: 'rolled back with a snapshot of what was there, or nothing; Node-RED runs what is stored',
  from: 'insert into `snapshots`',
  prepare: async ({ cp }) => {
    const { applicationId } = await buildApplication(cp);
    const { id } = await buildInstance(cp, applicationId, { flows: answeringFlow('old'), start: true });
    const params = { id };
    await cp.admin.call('putInstanceSettings', { params, body: { values: { 'snapshots.keepAuto': 1000 } } });
    const snapshot = await cp.admin.call('createInstanceSnapshot', { params, body: { name: 'Old' } });
    return { instance: await instanceIn(cp, id, 'running'), snapshotId: snapshot.id, edits: 0, times: 0 };
  },
  arrange: async ({ cp }, state) => {
    state.edits += 1;
    await deploy(cp, state.instance.id, answeringFlow(nowText(state)));
    await answers(state.instance, nowText(state));
  },
  begin: ({ cp }, { instance, snapshotId }) =>
    cp.admin.call('rollBackInstance', { params: { id: instance.id }, body: { snapshotId } }),
  done: hasOld,
  check: async (site, state) => {
    const isOld = await hasOld(site, state);
    state.times += isOld ? 1 : 0;
    await answers(state.instance, isOld ? 'old' : nowText(state));
    const kept = await safetySnapshots(site, state);
    return kept === state.times ? null : `${kept} safety snapshots for ${state.times} roll backs`;
  },
};
