import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import pino from 'pino';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import { RecycleBinService } from '../../../control-plane/src/features/recycle-bin/service.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import { buildApplication, buildInstance, buildMember } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Snapshots that are kept, labelled and deleted, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let rows: Knex;
    let teamId: string;
    let applicationId: string;
    let instanceId: string;
    before(async () => {
      cp = await startControlPlane({ database });
      rows = openDatabase(cp.database);
      ({ teamId, applicationId } = await buildApplication(cp));
      instanceId = (await buildInstance(cp, applicationId)).id;
    });
    after(async () => {
      await rows?.destroy();
      await cp?.stop();
    });

    const take = async (name: string) =>
      (await cp.admin.call('createInstanceSnapshot', { params: { id: instanceId }, body: { name } })).id;
    const update = (id: string, body: object) => cp.admin.call('updateSnapshot', { params: { id }, body });
    const names = async (query: Record<string, string> = {}) =>
      (await cp.admin.call('listInstanceSnapshots', { params: { id: instanceId }, query })).items.map(
        ({ name }) => name,
      );

    it('are not deleted while they are pinned', async () => {
      const id = await take('Pinned');
      assert.equal((await update(id, { pinned: true })).pinned, true);
      const { code } = await cp.admin.refused('deleteSnapshot', 409, { params: { id } });
      assert.equal(code, 'pinned');
      assert.equal((await update(id, { pinned: false })).pinned, false);
      await cp.admin.call('deleteSnapshot', { params: { id } });
    });

    it('are never dropped while they are pinned, however many automatic ones there are', async () => {
      const { id } = await buildInstance(cp, applicationId);
      const list = async () => (await cp.admin.call('listInstanceSnapshots', { params: { id } })).items;
      const first = await cp.admin.call('createInstanceSnapshot', {
        params: { id },
        body: { name: 'first' },
      });
      await cp.admin.call('rollBackInstance', { params: { id }, body: { snapshotId: first.id } });
      const [safety] = await list();
      assert.equal(safety?.kind, 'auto');
      await update(safety?.id ?? '', { pinned: true });
      for (let n = 0; n < 12; n++) {
        await cp.admin.call('rollBackInstance', { params: { id }, body: { snapshotId: first.id } });
      }
      const automatic = (await list()).filter(({ kind }) => kind === 'auto');
      assert.equal(automatic.filter(({ pinned }) => !pinned).length, 10);
      assert.ok(automatic.some((each) => each.id === safety?.id));
    });

    it('are listed by their labels, which are taken as they are written', async () => {
      const a = await take('With both');
      const b = await take('With one');
      await update(a, { labels: ['release', 'plant_7', 'release', ' Größe 2 '] });
      await update(b, { labels: ['plant-7'] });
      const { labels } = await cp.admin.call('getSnapshot', { params: { id: a } });
      assert.deepEqual(labels, ['release', 'plant_7', 'Größe 2']);
      assert.deepEqual(await names({ label: 'release' }), ['With both']);
      assert.deepEqual(await names({ label: 'plant_7' }), ['With both']);
      assert.deepEqual(await names({ label: 'plant-7' }), ['With one']);
      assert.deepEqual(await names({ label: 'Größe 2' }), ['With both']);
      assert.deepEqual(await names({ label: 'releas' }), []);
      await update(b, { labels: ['plant-7', 'release'] });
      const inUse = [
        { label: 'Größe 2', count: 1 },
        { label: 'plant_7', count: 1 },
        { label: 'plant-7', count: 1 },
        { label: 'release', count: 2 },
      ];
      const ofInstance = await cp.admin.call('listInstanceSnapshotLabels', { params: { id: instanceId } });
      const ofAll = await cp.admin.call('listApplicationSnapshotLabels', { params: { id: applicationId } });
      assert.deepEqual(ofInstance.items, inUse);
      assert.deepEqual(ofAll.items, inUse);
      await update(a, { labels: [] });
      assert.deepEqual(await names({ label: 'release' }), ['With one']);
    });

    it('refuse labels that are no labels, and change nothing then', async () => {
      const id = await take('Refused');
      for (const labels of [['a"b'], [''], ['x'.repeat(41)], ['%'], Array.from({ length: 21 }, String)]) {
        await cp.admin.refused('updateSnapshot', 422, { params: { id }, body: { name: 'Changed', labels } });
      }
      assert.equal((await cp.admin.call('getSnapshot', { params: { id } })).name, 'Refused');
    });

    it('do not exist any more when they are deleted, and come back as they were', async () => {
      const id = await take('Deleted');
      await update(id, { labels: ['kept'] });
      const before = await cp.admin.call('getSnapshot', { params: { id } });
      await cp.admin.call('deleteSnapshot', { params: { id } });

      await cp.admin.refused('getSnapshot', 404, { params: { id } });
      await cp.admin.refused('getSnapshotFlows', 404, { params: { id } });
      await cp.admin.refused('updateSnapshot', 404, { params: { id }, body: { name: 'x' } });
      await cp.admin.refused('deleteSnapshot', 404, { params: { id } });
      const params = { id: instanceId };
      await cp.admin.refused('rollBackInstance', 422, { params, body: { snapshotId: id } });
      await cp.admin.refused('setInstanceTarget', 422, { params, body: { snapshotId: id } });
      assert.ok(!(await names()).includes('Deleted'));
      const instance = await cp.admin.call('getInstance', { params });
      assert.notEqual(instance.runningSnapshot?.id, id);

      const bin = await cp.admin.call('listBinnedSnapshots', { params: { id: teamId } });
      assert.ok(bin.items.some((item) => item.id === id && item.deletedBy === 'admin'));
      const place = { id: teamId, snapshotId: id };
      const member = await buildMember(cp, teamId, 'member');
      await member.client.refused('restoreSnapshot', 403, { params: place });
      const other = await buildApplication(cp);
      await cp.admin.refused('restoreSnapshot', 404, { params: { ...place, id: other.teamId } });
      await cp.admin.call('restoreSnapshot', { params: place });
      assert.deepEqual(await cp.admin.call('getSnapshot', { params: { id } }), before);
      await cp.admin.refused('restoreSnapshot', 404, { params: place });
      await cp.admin.refused('purgeSnapshot', 404, { params: place });
    });

    it('are gone with their parts noted for the cleanup when they are deleted for good', async () => {
      const id = await take('Purged');
      await cp.admin.call('deleteSnapshot', { params: { id } });
      assert.ok((await rows('snapshot_parts').where({ snapshot_id: id })).length > 0);
      await cp.admin.call('purgeSnapshot', { params: { id: teamId, snapshotId: id } });
      assert.equal((await rows('snapshot_parts').where({ snapshot_id: id })).length, 0);
      assert.equal(await rows('snapshots').where({ id }).first(), undefined);
    });

    it('are deleted for good a week after they were deleted', async () => {
      const id = await take('Old');
      await cp.admin.call('deleteSnapshot', { params: { id } });
      const db = new Database(rows, new Changes(), Buffer.alloc(32));
      const bin = new RecycleBinService({ db, changes: new Changes(), logger: pino({ level: 'silent' }) });
      await bin.purgeOld();
      assert.notEqual(await rows('snapshots').where({ id }).first(), undefined);
      await bin.purgeOld(Date.now() + 8 * 24 * 3600_000);
      assert.equal(await rows('snapshots').where({ id }).first(), undefined);
    });
  });
}
