import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import pino from 'pino';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import { SCHEDULED_DEVICES } from '../../../control-plane/src/features/devices/scheduled-devices.ts';
import { WantedSnapshotStore } from '../../../control-plane/src/features/devices/wanted-snapshot-store.ts';
import { SnapshotScheduler } from '../../../control-plane/src/features/snapshots/scheduler.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import { loadSecretKey } from '../../../control-plane/src/secrets/secret-key.ts';
import { Vault } from '../../../control-plane/src/secrets/vault.ts';
import { answeringFlow, buildApplication, buildInstance, uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { SnapshotAgent } from '../../support/snapshot-agent.ts';

const MINUTE_MS = 60_000;

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Automatic snapshots of devices, on ${database}`, function () {
    this.timeout(90_000);
    let cp: ControlPlaneInProcess;
    let rows: Knex;
    let place: { teamId: string; applicationId: string };
    let device: { id: string };
    let agent: SnapshotAgent;

    before(async () => {
      cp = await startControlPlane({ database });
      rows = openDatabase(cp.database);
      place = await buildApplication(cp);
    });
    after(async () => {
      await rows?.destroy();
      await cp?.stop();
    });
    beforeEach(async () => {
      const made = await cp.admin.call('createDevice', {
        params: { id: place.teamId },
        body: { name: uniqueName('Gateway'), applicationId: place.applicationId },
      });
      device = { id: made.device.id };
      agent = new SnapshotAgent(cp.url, made.credentials.token);
    });
    afterEach(() => {
      agent?.close();
    });

    const list = async () =>
      (await cp.admin.call('listDeviceSnapshots', { params: { id: device.id } })).items;
    const configure = (values: object) =>
      cp.admin.call('putDeviceSettings', { params: { id: device.id }, body: { values } });
    const wanted = () => rows('wanted_device_snapshots').where({ device_id: device.id }).first('name');
    const settled = () => eventually(async () => (await wanted()) === undefined, { withinMs: 20_000 });

    it('are taken after a deploy there, say by whom, and not when nothing changed or they are switched off', async () => {
      await agent.connect();
      await agent.deploy(answeringFlow('two'));
      await settled();
      const [snapshot, ...others] = await list();
      assert.deepEqual(others, []);
      assert.equal(snapshot?.kind, 'auto');
      assert.equal(snapshot?.name, 'Deploy by ada');
      const { flows } = await cp.admin.call('getSnapshotFlows', { params: { id: snapshot?.id ?? '' } });
      assert.deepEqual(flows, answeringFlow('two'));

      await agent.deploy(answeringFlow('two'));
      await settled();
      assert.equal((await list()).length, 1);

      await configure({ 'snapshots.afterDeploy': false });
      await agent.deploy(answeringFlow('three'));
      assert.equal(await wanted(), undefined);
      assert.equal((await list()).length, 1);
    });

    it('are taken as soon as the device can be asked', async () => {
      await agent.connect(['spool']);
      await agent.deploy(answeringFlow('two'), 'grace');
      agent.close();
      assert.equal((await wanted())?.name, 'Deploy by grace');

      await agent.connect();
      await settled();

      assert.deepEqual(
        (await list()).map(({ name }) => name),
        ['Deploy by grace'],
      );
    });

    it('are not taken of what the device was given and nobody changed', async () => {
      const flows = answeringFlow('given');
      const { id } = await buildInstance(cp, place.applicationId, { flows });
      agent.base = (
        await cp.admin.call('createInstanceSnapshot', { params: { id }, body: { name: 'given' } })
      ).id;
      await agent.connect();

      await agent.deploy(flows);
      await settled();
      assert.deepEqual(await list(), []);

      await agent.deploy(answeringFlow('changed'));
      await settled();
      assert.equal((await list()).length, 1);
    });

    it('are looked for behind any number of devices that are away', async () => {
      const store = new WantedSnapshotStore(rows);
      const ids: string[] = [device.id];
      for (let n = 0; n < 2; n++) {
        const body = { name: uniqueName('Away'), applicationId: place.applicationId };
        ids.push((await cp.admin.call('createDevice', { params: { id: place.teamId }, body })).device.id);
      }
      const now = new Date();
      for (const id of ids) {
        await store.put(id, 'By schedule', now);
      }

      const first = await store.due(now, { after: '', most: 2 });
      const rest = await store.due(now, { after: first.at(-1)?.deviceId ?? '', most: 2 });

      assert.equal(first.length, 2);
      assert.deepEqual([...first, ...rest].map(({ deviceId }) => deviceId).sort(), ids.sort());
      await rows('wanted_device_snapshots').delete();
    });

    it('are kept in the number that the settings of its group say', async () => {
      const group = await cp.admin.call('createDeviceGroup', {
        params: { id: place.applicationId },
        body: { name: uniqueName('Gateways') },
      });
      const params = { id: group.id };
      await cp.admin.call('updateDeviceGroupMembers', { params, body: { add: [device.id] } });
      const body = { values: { 'snapshots.keepAuto': 2 } };
      await cp.admin.call('putDeviceGroupSettings', { params, body });
      await agent.connect();
      for (const text of ['two', 'three', 'four']) {
        await agent.deploy(answeringFlow(text));
        await settled();
      }

      const kept = await list();
      assert.equal(kept.length, 2);
      const { flows } = await cp.admin.call('getSnapshotFlows', { params: { id: kept[0]?.id ?? '' } });
      assert.deepEqual(flows, answeringFlow('four'));
    });

    it('are taken by schedule once, as soon as the device is there, and only when something changed', async () => {
      await configure({ 'snapshots.schedule': '*/5 * * * *', 'snapshots.scheduleTimeZone': 'Europe/Berlin' });
      /** As another control plane on the same database has it. */
      const scheduler = () => {
        const vault = new Vault(loadSecretKey(null, cp.dataDir));
        const db = new Database(rows, new Changes(), vault.auditKey);
        return new SnapshotScheduler({
          db,
          scheduled: [SCHEDULED_DEVICES],
          logger: pino({ level: 'silent' }),
        });
      };
      const both = [scheduler(), scheduler()];
      const look = (now: number) => Promise.all(both.map((each) => each.look(now)));
      const now = Math.ceil(Date.now() / (5 * MINUTE_MS)) * 5 * MINUTE_MS + 1000;
      await look(now);
      assert.equal(await wanted(), undefined);

      await look(now + 6 * MINUTE_MS);
      assert.equal((await wanted())?.name, 'By schedule');
      await agent.connect();
      await settled();
      assert.deepEqual(
        (await list()).map(({ name, kind }) => ({ name, kind })),
        [{ name: 'By schedule', kind: 'auto' }],
      );

      await look(now + 12 * MINUTE_MS);
      await settled();
      assert.equal((await list()).length, 1);
      agent.flows = answeringFlow('changed');
      await look(now + 18 * MINUTE_MS);
      await settled();
      assert.equal((await list()).length, 2);

      await configure({});
      await look(now + 60 * MINUTE_MS);
      assert.equal(
        await rows('device_snapshot_schedules').where({ device_id: device.id }).first(),
        undefined,
      );
      assert.equal(await wanted(), undefined);
    });
  });
}
