import assert from 'node:assert/strict';
import pino from 'pino';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import { LimitAlerts, MINUTES_UNTIL_TOLD } from '../../../control-plane/src/features/metrics/limit-alerts.ts';
import { MetricsRecorder } from '../../../control-plane/src/features/metrics/recorder.ts';
import type { NotificationService } from '../../../control-plane/src/features/notifications/notification-service.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import { AgentClient } from '../../support/agent-client.ts';
import { getFromInstance } from '../../support/api-client.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  buildMember,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

describe('Metrics of an instance', function () {
  this.timeout(60_000);
  for (const engine of ['sqlite', 'postgres'] as const) {
    describe(`on ${engine}`, () => {
      let cp: ControlPlaneInProcess;
      let instanceId: string;
      let applicationId: string;
      let teamId: string;

      before(async () => {
        cp = await startControlPlane({ database: engine });
        ({ teamId, applicationId } = await buildApplication(cp));
        const instance = await buildInstance(cp, applicationId, {
          flows: answeringFlow('measured'),
          start: true,
        });
        instanceId = instance.id;
        await answers(instance, 'measured');
        for (let i = 0; i < 10; i++) {
          await getFromInstance(instance.url, '/answer');
        }
      });
      after(() => cp?.stop());

      it('tell what it uses and does, with its limits', async () => {
        const metrics = await eventually(async () => {
          const view = await cp.admin.call('getInstanceMetrics', { params: { id: instanceId } });
          const sumOf = (of: 'requests' | 'messages') => view.items.reduce((sum, item) => sum + item[of], 0);
          // Each request is two messages; those of the last one may be told later than it.
          return sumOf('requests') >= 11 && sumOf('messages') >= 22 && view;
        });

        assert.ok((metrics.items.at(-1)?.memoryBytes ?? 0) > 20 * 1024 * 1024);
        assert.equal(metrics.memoryLimitBytes, 512 * 1024 * 1024);
        assert.equal(metrics.stepSeconds, 60);
      });

      it('are told to Prometheus, for administrators only', async () => {
        const { token } = await cp.admin.call('createAccessToken', { body: { name: 'prometheus' } });
        const { client } = await buildMember(cp, teamId, 'owner');
        const get = (headers: Record<string, string>) => fetch(`${cp.url}/metrics`, { headers });

        const text = await (await get({ authorization: `Bearer ${token}` })).text();

        assert.match(text, new RegExp(`flowyard_instance_running\\{instance_id="${instanceId}",[^}]*\\} 1`));
        assert.match(text, /flowyard_instance_memory_bytes\{[^}]*\} \d{8,}/);
        assert.equal((await get(client.authentication)).status, 403);
        assert.equal((await get({})).status, 401);
      });

      it('of devices are told to Prometheus with the names of what they belong to', async () => {
        const { device: made, credentials } = await cp.admin.call('createDevice', {
          params: { id: teamId },
          body: { name: 'gateway-7', type: 'PLC "7"' },
        });
        const device = await AgentClient.connect(cp.url, credentials.token);
        device.hello();
        try {
          device.send({ type: 'host', health: { memoryTotalBytes: 1000, temperature: 61 } });
          const series = (name: string) =>
            new RegExp(`flowyard_device_${name}\\{device_id="${made.id}",name="gateway-7",[^}]*\\} (\\S+)`);
          const read = async () =>
            (await fetch(`${cp.url}/metrics`, { headers: cp.admin.authentication })).text();
          const text = await eventually(async () => {
            const now = await read();
            return series('host_temperature_celsius').test(now) && now;
          });
          assert.equal(series('online').exec(text)?.[1], '1');
          assert.equal(series('host_memory_total_bytes').exec(text)?.[1], '1000');
          assert.equal(series('host_disk_free_bytes').test(text), false);
          assert.ok(text.includes('type="PLC \\"7\\"",'));
          assert.match(text, /flowyard_device_online\{[^}]*team_id="[^"]+",team="[^"]+",application_id="",/);

          device.close();
          const later = await eventually(async () => {
            const now = await read();
            return series('online').exec(now)?.[1] === '0' && now;
          });
          assert.equal(series('host_temperature_celsius').test(later), false);
        } finally {
          device.close();
        }
      });

      it('refuse spans that are not kept', async () => {
        for (const hours of [0, 25, 'many']) {
          await cp.admin.refused('getInstanceMetrics', 422, { params: { id: instanceId }, query: { hours } });
        }
      });

      it('of a minute that two processes share are put together', async () => {
        const { database } = cp;
        const knex = openDatabase(database);
        const db = new Database(knex, new Changes(), Buffer.alloc(32));
        try {
          for (const messages of [3, 4]) {
            const recorder = new MetricsRecorder({
              db,
              logger: pino({ level: 'silent' }),
              onMinutes: async () => {},
              now: () => Date.parse('2020-01-01T00:00:30Z'),
            });
            const figures = { cpuPercent: messages, memoryBytes: messages, eventLoopDelayMs: 1 };
            recorder.add({ instanceId, ...figures, messages, requests: 0 });
            recorder.add({ instanceId: 'goneinthemeantime', ...figures, messages, requests: 0 });
            await recorder.stop();
          }

          const [minute] = await db.stores.metrics.since(instanceId, '2020-01-01T00:00:00.000Z');

          assert.deepEqual(
            [minute?.messages, minute?.memoryBytes, minute?.cpuPercent, minute?.at],
            [7, 4, 3.5, '2020-01-01T00:00:00.000Z'],
          );
        } finally {
          await knex.destroy();
        }
      });
    });
  }
});

describe('An instance above its threshold', () => {
  it('is told of after five minutes in a row, once, until it is below for two', async () => {
    const cp = await startControlPlane();
    const knex = openDatabase(cp.database);
    try {
      const { applicationId } = await buildApplication(cp);
      const { id } = await buildInstance(cp, applicationId);
      await cp.admin.call('putInstanceSettings', {
        params: { id },
        body: { values: { 'alerts.cpuPercent': 50 } },
      });
      const told: string[] = [];
      const db = new Database(knex, new Changes(), Buffer.alloc(32));
      const notifications = {
        raise: async (_tx: unknown, { text }: { text: string }) => told.push(text),
        resolve: async () => told.push('over'),
      } as unknown as NotificationService;
      let now = Date.now();
      const alerts = new LimitAlerts({ db, notifications, now: () => now });
      const minute = (cpuPercent: number) =>
        alerts.judge([
          {
            instanceId: id,
            at: new Date().toISOString(),
            cpuPercent,
            memoryBytes: 1,
            eventLoopDelayMs: 1,
            messages: 0,
            requests: 0,
          },
        ]);

      for (let i = 0; i < MINUTES_UNTIL_TOLD - 1; i++) {
        await minute(90);
      }
      await minute(10);
      assert.deepEqual(told, []);
      for (let i = 0; i < MINUTES_UNTIL_TOLD + 3; i++) {
        await minute(90);
      }
      assert.equal(told.length, 1);
      assert.match(told[0] ?? '', /^For 5 minutes it keeps 90 % of a core busy\./);
      await minute(10);
      await minute(10);
      assert.deepEqual(told.slice(1), ['over']);

      assert.equal(alerts.size, 1);
      now += 11 * 60_000;
      await alerts.judge([]);
      assert.equal(alerts.size, 0, 'nothing is kept of what is measured no more');
    } finally {
      await knex.destroy();
      await cp.stop();
    }
  });
});
