import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import pino from 'pino';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import { SCHEDULED_DEVICES } from '../../../control-plane/src/features/devices/scheduled-devices.ts';
import { scheduledInstances } from '../../../control-plane/src/features/snapshots/scheduled-instances.ts';
import { SnapshotScheduler } from '../../../control-plane/src/features/snapshots/scheduler.ts';
import { SnapshotService } from '../../../control-plane/src/features/snapshots/service.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import { loadSecretKey } from '../../../control-plane/src/secrets/secret-key.ts';
import { Vault } from '../../../control-plane/src/secrets/vault.ts';
import {
  answeringFlow,
  buildApplication,
  buildInstance,
  deploy,
  instanceIn,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { openEditorOf, postToEditor } from '../../support/editor-session.ts';
import { eventually } from '../../support/eventually.ts';

const MINUTE_MS = 60_000;

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Automatic snapshots, on ${database}`, function () {
    this.timeout(90_000);
    let cp: ControlPlaneInProcess;
    let rows: Knex;
    let applicationId: string;
    before(async () => {
      cp = await startControlPlane({ database });
      rows = openDatabase(cp.database);
      ({ applicationId } = await buildApplication(cp));
    });
    after(async () => {
      await rows?.destroy();
      await cp?.stop();
    });

    const list = async (id: string) =>
      (await cp.admin.call('listInstanceSnapshots', { params: { id } })).items;
    const configure = (id: string, values: object) =>
      cp.admin.call('putInstanceSettings', { params: { id }, body: { values } });
    /** As another control plane on the same database has it. */
    const scheduler = () => {
      const vault = new Vault(loadSecretKey(null, cp.dataDir));
      const db = new Database(rows, new Changes(), vault.auditKey);
      const snapshots = new SnapshotService({ db, vault, applier: null as never, readLockFile: () => null });
      const scheduled = [scheduledInstances(snapshots), SCHEDULED_DEVICES];
      return new SnapshotScheduler({ db, scheduled, logger: pino({ level: 'silent' }) });
    };

    it('are of exactly what was deployed in the editor, unless they are switched off', async () => {
      const { id } = await buildInstance(cp, applicationId, { start: true });
      const instance = await instanceIn(cp, id, 'running');
      const cookie = await openEditorOf(instance, cp.admin);
      const post = async (text: string, rev?: string) => {
        const flows = answeringFlow(text);
        const { status, body } = await postToEditor(instance, cookie, '/flows', {
          flows,
          ...(rev && { rev }),
        });
        assert.equal(status, 200, body);
        return JSON.parse(body).rev as string;
      };
      const rev = await post('one');
      const [snapshot] = await eventually(async () => {
        const items = await list(id);
        return items.length > 0 && items;
      });
      assert.equal(snapshot?.kind, 'auto');
      assert.equal(snapshot?.author, 'admin');
      const deployed = await cp.admin.call('getFlows', { params: { id } });
      const kept = await cp.admin.call('getSnapshotFlows', { params: { id: snapshot?.id ?? '' } });
      assert.deepEqual(kept.flows, deployed.flows);
      assert.equal(snapshot?.name, `Deploy ${deployed.revision}`);
      assert.equal(
        (await cp.admin.call('getInstance', { params: { id } })).runningSnapshot?.id,
        snapshot?.id,
      );

      await configure(id, { 'snapshots.afterDeploy': false });
      await post('two', rev);
      assert.equal((await list(id)).length, 1);
      await cp.admin.call('deleteInstance', { params: { id } });
    });

    it('are kept in the number that the settings say', async () => {
      const { id } = await buildInstance(cp, applicationId);
      await configure(id, { 'snapshots.keepAuto': 2 });
      const first = await cp.admin.call('createInstanceSnapshot', {
        params: { id },
        body: { name: 'first' },
      });
      for (let n = 0; n < 4; n++) {
        await cp.admin.call('rollBackInstance', { params: { id }, body: { snapshotId: first.id } });
      }
      assert.equal((await list(id)).filter(({ kind }) => kind === 'auto').length, 2);
      for (const wrong of [0, 1001, 1.5, '3']) {
        const body = { values: { 'snapshots.keepAuto': wrong } };
        await cp.admin.refused('putInstanceSettings', 422, { params: { id }, body });
      }
    });

    it('are taken by schedule once, however many look, and only when something changed', async () => {
      const { id } = await buildInstance(cp, applicationId, { flows: answeringFlow('one') });
      await configure(id, {
        'snapshots.schedule': '*/5 * * * *',
        'snapshots.scheduleTimeZone': 'Europe/Berlin',
      });
      const both = [scheduler(), scheduler()];
      const look = (now: number) => Promise.all(both.map((each) => each.look(now)));
      // Just after the schedule was due, so that it is due again in five minutes.
      const now = Math.ceil(Date.now() / (5 * MINUTE_MS)) * 5 * MINUTE_MS + 1000;
      await look(now);
      assert.equal((await list(id)).length, 0);

      await look(now + 6 * MINUTE_MS);
      assert.equal((await list(id)).length, 1);
      assert.equal((await list(id))[0]?.name, 'By schedule');
      await look(now + 6 * MINUTE_MS);
      await look(now + 12 * MINUTE_MS);
      assert.equal((await list(id)).length, 1);

      await deploy(cp, id, answeringFlow('two'));
      await look(now + 13 * MINUTE_MS);
      assert.equal((await list(id)).length, 1);
      await look(now + 60 * MINUTE_MS);
      assert.equal((await list(id)).length, 2);

      await configure(id, {});
      await deploy(cp, id, answeringFlow('three'));
      await look(now + 120 * MINUTE_MS);
      assert.equal((await list(id)).length, 2);
      assert.equal(await rows('snapshot_schedules').where({ instance_id: id }).first(), undefined);
    });

    it('refuse schedules that are none', async () => {
      const { id } = await buildInstance(cp, applicationId);
      for (const wrong of [
        '',
        'daily',
        '* * * *',
        '61 * * * *',
        '* * * * * *',
        '0 0 31 2 *',
        '@hourly',
        'x'.repeat(200),
      ]) {
        const body = { values: { 'snapshots.schedule': wrong } };
        await cp.admin.refused('putInstanceSettings', 422, { params: { id }, body });
      }
    });
  });
}
