import type { FlowNode } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { BlobStore } from '../../../control-plane/src/features/snapshots/blob-store.ts';
import { whereReferenced } from '../../../control-plane/src/features/snapshots/part-references.ts';
import { buildApplication, buildInstance, deploy } from '../../support/builders.ts';
import type { KillSite, WriteKills } from './write-kills.ts';

const TWO_DAYS_MS = 2 * 24 * 3_600_000;
let edits = 0;

interface Kept {
  instanceId: string;
}

/** Flows that nothing had before, in chunks of which most are like those of others. */
function otherFlows(): FlowNode[] {
  edits += 1;
  return Array.from({ length: 600 }, (_value, index) => ({
    id: `node${index}`,
    type: index === 0 ? 'tab' : 'comment',
    name: index % 200 === 100 ? `Edit ${edits}` : `Comment ${index}`,
    ...(index > 0 && { z: 'node0', info: 'As long as comments are, so that the flows are kept in chunks.' }),
  }));
}

async function age(knex: Knex): Promise<void> {
  const earlier = new Date(Date.now() - TWO_DAYS_MS).toISOString();
  await knex('blobs').update({ used_at: earlier });
  await knex('chunks').update({ used_at: earlier });
  await knex('orphaned_blobs').update({ since: earlier });
}

async function ageAndRestart({ cp, knex }: KillSite): Promise<void> {
  await cp.end('SIGTERM');
  await age(knex);
  await cp.start();
}

async function lostParts(knex: Knex): Promise<number> {
  const used: Array<{ digest: string }> = await whereReferenced(knex, knex('blobs'), 'blobs.digest').select(
    'digest',
  );
  const store = new BlobStore(knex);
  const read = await Promise.all(used.map(({ digest }) => store.peek(digest)));
  const [snapshots] = await knex('snapshot_parts as p')
    .leftJoin('blobs as b', 'b.digest', 'p.digest')
    .whereNull('b.digest')
    .count({ n: '*' });
  return read.filter((bytes) => bytes === null).length + Number(snapshots?.n);
}

async function leftOver(knex: Knex): Promise<number> {
  const [parts] = await whereReferenced(knex, knex('blobs'), 'blobs.digest', 'not').count({ n: '*' });
  const [chunks] = await knex('chunks')
    .whereNotIn('id', knex('chunk_list_items').select('chunk_id'))
    .count({ n: '*' });
  return Number(parts?.n) + Number(chunks?.n);
}

export const PART_CLEANUP_KILLS: WriteKills<Kept> = {
  name: 'the cleanup of parts',
  expected: 'nothing that something refers to is deleted, and the rest is in the end',
  from: 'insert into `orphaned_blobs`',
  prepare: async ({ cp }) => {
    const { applicationId } = await buildApplication(cp);
    const { id } = await buildInstance(cp, applicationId, { flows: otherFlows() });
    return { instanceId: id };
  },
  arrange: async (site, { instanceId }) => {
    const { cp, knex } = site;
    await cp.admin.call('createInstanceSnapshot', { params: { id: instanceId }, body: { name: 'Kept' } });
    await deploy(cp, instanceId, otherFlows());
    await deploy(cp, instanceId, otherFlows());
    await ageAndRestart(site);
    // Some are noted and due to be deleted now, others are to be noted.
    await deploy(cp, instanceId, otherFlows());
    await deploy(cp, instanceId, otherFlows());
    await cp.end('SIGTERM');
    await age(knex);
  },
  done: async ({ cp }) => cp.runs,
  check: async (site) => {
    const lost = await lostParts(site.knex);
    await ageAndRestart(site);
    await ageAndRestart(site);
    const left = await leftOver(site.knex);
    const lostLater = await lostParts(site.knex);
    return lost + left + lostLater === 0 ? null : `${lost + lostLater} lost, ${left} left over`;
  },
};
