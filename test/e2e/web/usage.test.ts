import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildInstance, instanceIn } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

const DAY_MS = 24 * 60 * 60_000;

describe('The usage of a team on the page', function () {
  this.timeout(120_000);
  let cp: ControlPlaneInProcess;
  let open: OpenPage;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  /** Puts down by hand that it ran on the first day of the month before. */
  async function ranLastMonth(instanceId: string, hours: number): Promise<void> {
    const now = new Date();
    const first = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1);
    const knex = openDatabase(cp.database);
    try {
      const row = await knex('running_intervals').where({ instance_id: instanceId }).first();
      await knex('running_intervals').where({ instance_id: instanceId }).delete();
      await knex('running_intervals').insert({
        ...row,
        started_at: new Date(first + DAY_MS).toISOString(),
        seen_at: new Date(first + DAY_MS + hours * 3_600_000).toISOString(),
        ended_at: new Date(first + DAY_MS + hours * 3_600_000).toISOString(),
      });
    } finally {
      await knex.destroy();
    }
  }

  it('says for each month how long instances ran, and comes as CSV', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const instance = await buildInstance(cp, applicationId, { start: true });
    await instanceIn(cp, instance.id, 'running');
    await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'suspend' } });
    await instanceIn(cp, instance.id, 'suspended');
    await ranLastMonth(instance.id, 20);
    const { page } = open;
    await page.goto(`${cp.url}/teams/${teamId}/usage`);
    await signInOnPage(page);
    await page.getByText('No instance ran').waitFor();

    await page.locator('[data-test=month]').click();
    await page.getByRole('option').nth(1).click();
    await page.getByRole('row', { name: instance.name }).getByText('20.0').waitFor();

    const download = page.waitForEvent('download');
    await page.locator('[data-test=csv]').click();
    const csv = await readFile(await (await download).path(), 'utf8');
    assert.match(csv.split('\n')[1] ?? '', new RegExp(instance.name));
    assert.deepEqual(open.complaints, []);
  });
});
