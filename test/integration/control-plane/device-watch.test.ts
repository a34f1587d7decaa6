import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostHealth } from '@flowyard/protocol';
import type { Knex } from 'knex';
import pino from 'pino';
import { migrate, openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import { DeviceWatch } from '../../../control-plane/src/features/devices/device-watch.ts';
import { HostRecorder } from '../../../control-plane/src/features/devices/host-recorder.ts';
import { DeliveryQueue } from '../../../control-plane/src/features/notifications/delivery-queue.ts';
import { Mailer } from '../../../control-plane/src/features/notifications/mailer.ts';
import { NotificationService } from '../../../control-plane/src/features/notifications/notification-service.ts';
import { createPostJson } from '../../../control-plane/src/features/notifications/post-json.ts';
import { WebhookSender } from '../../../control-plane/src/features/notifications/webhook-sender.ts';
import { newId } from '../../../control-plane/src/ids.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import { Vault } from '../../../control-plane/src/secrets/vault.ts';
import { eventually } from '../../support/eventually.ts';
import { freshPostgres, type TestDatabase } from '../../support/postgres.ts';

const LONG_AGO = '2020-01-01T00:00:00.000Z';

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`Devices that need somebody, on ${engine}`, () => {
    let folder: string;
    let postgres: TestDatabase | null;
    let knex: Knex;
    let db: Database;
    let watch: DeviceWatch;
    let hosts: HostRecorder;
    let teamId: string;
    const vault = new Vault('a secret key for tests, long enough');
    const logger = pino({ level: 'silent' });

    const startWatch = () => {
      const changes = new Changes();
      const queue = new DeliveryQueue({ db, vault, logger });
      const mailer = new Mailer({ settings: null, db, queue });
      const publicUrl = () => 'http://localhost:3000';
      const webhooks = new WebhookSender({ db, vault, queue, post: createPostJson('public'), publicUrl });
      const notifications = new NotificationService({ db, changes, mailer, webhooks, publicUrl });
      hosts = new HostRecorder({ db, notifications, logger });
      watch = new DeviceWatch({
        db,
        notifications,
        logger,
        times: { everyMs: 20, awayMs: 1, driftMs: 1 },
      });
      watch.start();
    };
    const addDevices = async (count: number, facts: { online: boolean; state?: 'running' }) => {
      const ids: string[] = [];
      for (let i = 0; i < count; i++) {
        const id = newId();
        ids.push(id);
        await db.stores.devices.insert({
          id,
          teamId,
          applicationId: null,
          instanceId: null,
          deviceGroupId: null,
          name: `gateway-${i}`,
          type: '',
          tokenHash: randomBytes(8).toString('hex'),
          credentialSecret: vault.seal('secret'),
          createdAt: LONG_AGO,
        });
        await knex('devices')
          .where({ id })
          .update({
            online: facts.online,
            last_seen_at: LONG_AGO,
            ...(facts.state && { state: facts.state }),
          });
      }
      return ids;
    };
    const told = async () => knex('notifications').orderBy('id').select();

    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'flowyard-watch-'));
      postgres = engine === 'postgres' ? await freshPostgres() : null;
      knex = openDatabase(postgres ? { url: postgres.url } : { file: join(folder, 'test.sqlite') });
      await migrate(knex);
      db = new Database(knex, new Changes(), vault.auditKey);
      const typeId = newId();
      teamId = newId();
      await knex('team_types').insert({ id: typeId, name: 'Standard', limits: '{}' });
      await knex('teams').insert({
        id: teamId,
        name: 'Plant',
        slug: 'plant',
        team_type_id: typeId,
        created_at: LONG_AGO,
      });
    });
    afterEach(async () => {
      await watch.stop();
      await knex.destroy();
      await postgres?.drop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('leave nothing in memory when they went, and what they told last is in their rows', async () => {
      const [id = '', deleted = ''] = await addDevices(2, { online: true });
      startWatch();
      hosts.record(id, HostHealth.parse({ cpuPercent: 12 }));
      hosts.record(deleted, HostHealth.parse({ cpuPercent: 12 }));
      hosts.forget(id);
      assert.equal(hosts.of(id)?.cpuPercent, 12, 'it is not stored yet');
      const flushed = hosts.flush();
      hosts.forget(deleted);
      await flushed;
      await hosts.flush();

      assert.equal(hosts.size, 0);
      const row = await db.stores.devices.find(id);
      assert.equal(JSON.parse(row?.host ?? '{}').cpuPercent, 12);

      hosts.record(id, HostHealth.parse({ cpuPercent: 13 }));
      hosts.forget(id);
      hosts.record(id, HostHealth.parse({ cpuPercent: 14 }));
      await hosts.flush();
      assert.equal(hosts.of(id)?.cpuPercent, 14, 'it came again');
    });

    it('are told of once when they are away, and it is over when they come back', async () => {
      const [id = ''] = await addDevices(1, { online: false });
      startWatch();

      const [offline] = await eventually(async () => (await told()).length > 0 && told());
      assert.deepEqual(
        [offline.kind, offline.subject_id, offline.subject_name],
        ['device.offline', id, 'gateway-0'],
      );
      await watch.stop();
      startWatch();
      await knex('devices').where({ id }).update({ online: true });
      await db.transact((tx) => watch.seen(tx, [id]));
      await db.transact((tx) => watch.seen(tx, [id]));

      const rows = await told();
      assert.equal(rows.length, 1);
      assert.ok(rows[0].resolved_at !== null);
    });

    it('are told of together when many go away at once', async () => {
      await addDevices(25, { online: false });
      startWatch();

      const rows = await eventually(async () => (await told()).length > 0 && told());

      assert.equal(rows.length, 1);
      assert.match(rows[0].text, /^25 devices have been away.*\ngateway-0, .*, and 5 more$/);
    });

    it('are told of when they stay off their target, until they are on it', async () => {
      const [id = ''] = await addDevices(1, { online: true, state: 'running' });
      await knex('devices').where({ id }).update({ target_snapshot_id: 'wanted' });
      startWatch();
      const [drift] = await eventually(async () => (await told()).length > 0 && told());
      assert.deepEqual([drift.kind, drift.resolved_at], ['device.drift', null]);
      assert.match(drift.text, /^The device has not run its target for ten minutes\. /);

      await knex('devices').where({ id }).update({ running_snapshot_id: 'wanted' });

      await eventually(async () => (await told())[0].resolved_at !== null);
    });

    it('are told of once when something is wrong with their machine, until it is well again', async () => {
      const [id = ''] = await addDevices(2, { online: true });
      startWatch();
      const report = async (temperature: number | null) => {
        hosts.record(id, HostHealth.parse({ temperature }));
        await hosts.flush();
      };
      await report(90);
      await report(20);
      await report(90);
      await report(90);
      assert.equal((await told()).length, 0, 'once or twice is no news');
      await report(90);
      await report(95);

      const [hot, ...others] = await told();
      assert.deepEqual([hot.kind, hot.subject_id, others], ['device.host', id, []]);
      assert.match(hot.text, /very hot: 90 °C\. Look at its cooling/);
      assert.match((await db.stores.devices.find(id))?.host ?? '', /"temperature":95/);

      await report(40);
      await report(40);
      assert.equal((await told())[0].resolved_at, null);
      await report(40);
      assert.notEqual((await told())[0].resolved_at, null);
    });

    it('are told of once when their machine is above a threshold that its group or it sets', async () => {
      const [id = ''] = await addDevices(1, { online: true });
      const setDisk = (percent: number | null) =>
        knex('devices')
          .where({ id })
          .update({ settings: JSON.stringify({ 'alerts.diskPercent': percent, 'alerts.cpuPercent': 50 }) });
      await setDisk(80);
      startWatch();
      const report = async (freeBytes: number, cpuPercent = 10) => {
        hosts.record(
          id,
          HostHealth.parse({ diskTotalBytes: 100 * 2 ** 30, diskFreeBytes: freeBytes * 2 ** 30, cpuPercent }),
        );
        await hosts.flush();
      };
      for (const free of [90, 10, 10, 30, 10, 10]) {
        await report(free);
      }
      assert.equal((await told()).length, 0, 'never three times in a row');
      await report(10, 60);
      await report(10);

      const [high, ...others] = await told();
      assert.deepEqual([high.kind, others], ['device.host', []]);
      assert.match(high.text, /90 % of its disk is used, more than the 80 % in its settings\./);
      assert.match(high.text, /60 % of its processor is busy/);

      await setDisk(null);
      for (let i = 0; i < 4; i++) {
        await report(10);
      }
      assert.notEqual((await told())[0].resolved_at, null, 'the threshold is gone');
    });

    it('that were never there are not told of', async () => {
      await addDevices(1, { online: false });
      await knex('devices').update({ last_seen_at: null });
      startWatch();
      await addDevices(1, { online: false });

      await eventually(async () => (await told()).length > 0);
      assert.equal((await told()).length, 1);
    });
  });
}
