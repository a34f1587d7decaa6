import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import {
  buildApplication,
  buildInstance,
  buildMember,
  instanceIn,
  uniqueName,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { ControlPlaneProcess } from '../../support/control-plane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { killNodeRedsBelow } from '../../support/processes.ts';

const HOUR_MS = 60 * 60_000;

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`The usage report, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    before(async () => {
      cp = await startControlPlane({ database });
    });
    after(() => cp?.stop());

    const month = new Date().toISOString().slice(0, 7);
    const report = (teamId: string, of = month, client = cp.admin) =>
      client.call('getTeamUsageReport', { params: { id: teamId }, query: { month: of } });

    /** Puts down by hand what was measured in an earlier month. */
    async function measured(rows: Array<Record<string, unknown>>, table = 'running_intervals') {
      const knex = openDatabase(cp.database);
      await knex(table).insert(rows);
      await knex.destroy();
    }

    it('measures an instance from when it runs until it stops, and nothing while it is suspended', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const instance = await buildInstance(cp, applicationId, { start: true });
      const idle = await buildInstance(cp, applicationId);
      await instanceIn(cp, instance.id, 'running');
      const open = await intervalsOf(instance.id);
      assert.deepEqual(
        open.map(({ ended_at }) => ended_at),
        [null],
      );

      await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'suspend' } });
      await instanceIn(cp, instance.id, 'suspended');

      const [interval] = await intervalsOf(instance.id);
      assert.ok(interval?.ended_at !== null && String(interval?.ended_at) >= String(interval?.started_at));
      assert.deepEqual(await intervalsOf(idle.id), []);
      const { estimate, sum } = await report(teamId);
      assert.equal(estimate, sum);
    });

    async function intervalsOf(instanceId: string): Promise<Array<Record<string, unknown>>> {
      const knex = openDatabase(cp.database);
      const rows = await knex('running_intervals').where({ instance_id: instanceId }).orderBy('started_at');
      await knex.destroy();
      return rows;
    }

    async function buildMonth() {
      const { teamId, applicationId } = await buildApplication(cp);
      const type = await cp.admin.call('createTeamType', {
        body: { name: uniqueName('priced'), devicePrice: 30, allowance: 20 },
      });
      await cp.admin.call('updateTeam', { params: { id: teamId }, body: { teamTypeId: type.id } });
      const interval = (id: string, instance: string, from: string, to: string, price: number | null) => ({
        id: uniqueName(id),
        instance_id: `01abcdefghjkmnpqrstvwxyz0${id}`,
        instance,
        team_id: teamId,
        application_id: applicationId,
        application: '=Hall',
        type_id: `01abcdefghjkmnpqrstvwxyz00`,
        type: 'Small',
        price,
        started_at: from,
        seen_at: to,
        ended_at: to,
      });
      await measured([
        // From the month before into this one: fifteen days of thirty count.
        interval('1', 'kiln', '2026-03-20T00:00:00.000Z', '2026-04-16T00:00:00.000Z', 60),
        // Another price later on.
        interval('1', 'kiln', '2026-04-16T00:00:00.000Z', '2026-04-19T00:00:00.000Z', 100),
        interval('2', 'dryer', '2026-04-30T12:00:00.000Z', '2026-05-02T00:00:00.000Z', null),
      ]);
      await measured(
        ['2026-03-31', '2026-04-01', '2026-04-02', '2026-05-01'].map((day) => ({
          device_id: uniqueName('device'),
          day,
          team_id: teamId,
          application_id: null,
          application: null,
          price: 30,
        })),
        'device_days',
      );
      return { teamId };
    }

    it('adds up hours by price, the days of devices and what is free, within the month', async () => {
      const { teamId } = await buildMonth();

      const april = await report(teamId, '2026-04');

      assert.deepEqual(
        april.instances.map(({ instance, price, seconds, amount }) => [
          instance,
          price,
          seconds / 3600,
          amount,
        ]),
        [
          ['dryer', null, 12, 0],
          ['kiln', 60, 15 * 24, 30],
          ['kiln', 100, 3 * 24, 10],
        ],
      );
      assert.deepEqual(
        april.devices.map(({ days, amount }) => [days, amount]),
        [[2, 2]],
      );
      assert.deepEqual([april.total, april.allowance, april.sum, april.estimate], [42, 20, 22, null]);
      assert.deepEqual((await report(teamId, '2026-06')).sum, 0);
    });

    it('comes as CSV that no office program takes for formulas, of all teams for administrators', async () => {
      const { teamId } = await buildMonth();
      await cp.admin.call('updatePlatformSettings', { body: { currency: 'EUR' } });
      const { client } = await buildMember(cp, teamId, 'owner');
      const query = { month: '2026-04' };

      const text = String((await client.send('GET', `/teams/${teamId}/usage-report.csv?month=2026-04`)).body);
      const all = String((await cp.admin.send('GET', '/usage-report.csv?month=2026-04')).body);

      assert.match(text, /,2026-04,'=Hall,instance,kiln,Small,60,360,,30,EUR\n/);
      assert.match(text, /,2026-04,,sum,,,,,,22,EUR\n/);
      assert.ok(all.includes(text.split('\n')[1] ?? 'nothing'));
      await client.refused('exportUsageReports', 403, { query });
    });

    it('is for owners', async () => {
      const { teamId } = await buildMonth();
      const member = await buildMember(cp, teamId, 'member');

      await member.client.refused('getTeamUsageReport', 403, {
        params: { id: teamId },
        query: { month: '2026-04' },
      });
    });

    it('refuses what is no month', async () => {
      const { teamId } = await buildApplication(cp);
      for (const wrong of ['2026-13', '2026', '', 'november', '1999-01']) {
        await cp.admin.refused('getTeamUsageReport', 422, {
          params: { id: teamId },
          query: { month: wrong },
        });
      }
    });

    it('estimates the month under way from what runs', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const [type] = (await cp.admin.call('listInstanceTypes')).items;
      await cp.admin.call('updateInstanceType', { params: { id: type?.id ?? '' }, body: { price: 100 } });
      const instance = await buildInstance(cp, applicationId, { start: true });
      await instanceIn(cp, instance.id, 'running');

      const estimate = await eventually(async () => (await report(teamId)).estimate || null);

      const now = new Date();
      const end = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
      const all = end - Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
      const rest = (end - now.getTime()) / all;
      assert.ok(Math.abs(Number(estimate) - 100 * rest) < (100 * HOUR_MS) / all, `${estimate} for ${rest}`);
    });
  });
}

describe('The usage of an instance whose control plane is killed', function () {
  this.timeout(120_000);
  const cp = new ControlPlaneProcess();
  after(() => cp.stop());

  async function intervals(): Promise<Array<{ ended_at: string | null; seen_at: string }>> {
    const knex = openDatabase({ file: join(cp.dataDir, 'flowyard.sqlite') });
    const rows = await knex('running_intervals').orderBy('started_at');
    await knex.destroy();
    return rows;
  }

  it('is measured through when it goes on, and ends where it was last seen when it does not', async () => {
    await cp.start();
    const { applicationId } = await buildApplication(cp);
    const instance = await buildInstance(cp, applicationId, { start: true });
    await instanceIn(cp, instance.id, 'running');
    await cp.end('SIGKILL');
    await cp.start();
    await instanceIn(cp, instance.id, 'running');
    await sleep(3000);
    // The minute is noted at the end, too.
    await cp.end('SIGTERM');
    const [through, ...others] = await intervals();
    assert.deepEqual([through?.ended_at, others], [null, []]);

    await cp.start();
    await instanceIn(cp, instance.id, 'running');
    await cp.end('SIGKILL');
    const [before] = await intervals();
    killNodeRedsBelow(cp.dataDir);
    await cp.start();
    await eventually(async () => (await intervals()).length === 2, { withinMs: 60_000 });
    const [first, second] = await intervals();
    assert.ok(first?.ended_at, 'it ended');
    assert.ok(
      Date.parse(first.ended_at) - Date.parse(before?.seen_at ?? '') < 1000,
      `${first.ended_at} after ${before?.seen_at}`,
    );
    assert.equal(second?.ended_at, null);
  });
});
