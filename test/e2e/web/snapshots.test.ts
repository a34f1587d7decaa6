import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { answeringFlow, buildApplication, buildInstance, deploy } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

describe('The list of snapshots and the timeline on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let teamId: string;
  let instanceId: string;
  const ids: Record<string, string> = {};

  before(async () => {
    cp = await startControlPlane();
    open = await openPage({ width: 1280 });
    const place = await buildApplication(cp);
    teamId = place.teamId;
    instanceId = (await buildInstance(cp, place.applicationId, { flows: answeringFlow('none') })).id;
    for (const name of ['First', 'Second', 'Third']) {
      await deploy(cp, instanceId, answeringFlow(name));
      const params = { id: instanceId };
      ids[name] = (await cp.admin.call('createInstanceSnapshot', { params, body: { name } })).id;
    }
    await open.page.goto(`${cp.url}/instances/${instanceId}/snapshots`);
    await signInOnPage(open.page);
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  const row = (name: string): Locator => open.page.getByRole('row').filter({ hasText: name });
  const snapshot = (name: string) => cp.admin.call('getSnapshot', { params: { id: ids[name] ?? '' } });

  async function choose(name: string, action: string): Promise<void> {
    const { page } = open;
    await page.getByRole('button', { name: `Actions on the snapshot ${name}` }).click();
    await page.getByRole('menuitem', { name: action, exact: true }).click();
  }

  it('one that is pinned says so, and is not deleted until it is unpinned', async () => {
    const { page } = open;
    await choose('First', 'Pin');
    await row('First').getByText('pinned').waitFor();
    await choose('First', 'Delete');
    const dialog = page.getByRole('dialog');
    await dialog.locator('[data-test=submit]').click();
    await dialog
      .getByText(/pinned/)
      .nth(1)
      .waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    assert.equal((await snapshot('First')).pinned, true);

    await choose('First', 'Unpin');
    await row('First').getByText('pinned').waitFor({ state: 'detached' });
    assert.equal((await snapshot('First')).pinned, false);
    open.complaints.length = 0;
  });

  it('labels are given, and the list is filtered by one of those that are in use', async () => {
    const { page } = open;
    assert.equal(await page.locator('[data-test=label-filter]').count(), 0);
    await choose('Second', 'Rename, describe or label');
    const field = page.getByRole('dialog').getByLabel('Labels');
    for (const label of ['release', 'line 3']) {
      await field.fill(label);
      await field.press('Enter');
    }
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await row('Second').getByRole('button', { name: 'Show only those with the label release' }).waitFor();

    await page.locator('[data-test=label-filter]').click();
    await page.getByRole('option', { name: 'line 3 (1)' }).click();
    await row('First').waitFor({ state: 'detached' });
    await row('Second').waitFor();
    await page.locator('[data-test=label-filter]').hover();
    await page.getByRole('button', { name: /Clear/ }).click();
    await row('First').waitFor();
    assert.deepEqual((await snapshot('Second')).labels, ['release', 'line 3']);
    assert.deepEqual(open.complaints, []);
  });

  it('two that are ticked are compared, from the older to the newer one', async () => {
    const { page } = open;
    const button = page.locator('[data-test=compare-ticked]');
    await page.getByLabel('Choose the snapshot Third').check();
    assert.equal(await button.isDisabled(), true);
    await page.getByLabel('Choose the snapshot Second').check();
    await page.getByLabel('Choose the snapshot First').check();
    assert.equal(await button.isDisabled(), true);
    await page.getByLabel('Choose the snapshot Second').uncheck();
    await button.press('Enter');

    await page.waitForURL(`**/snapshots/${ids.First}/compare/snapshot/${ids.Third}`);
    await page.getByText('msg.payload = "Third";').waitFor();
    assert.deepEqual(open.complaints, []);
  });

  it('one that is deleted is in the recycle bin of the team, and comes back from there', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instanceId}/snapshots`);
    await choose('Second', 'Delete');
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await row('Second').waitFor({ state: 'detached' });
    await page.locator('[data-test=label-filter]').waitFor({ state: 'detached' });

    await page.goto(`${cp.url}/teams/${teamId}/settings`);
    await page.getByRole('row', { name: /Second.*by admin/ }).waitFor();
    await page.getByRole('button', { name: 'Bring Second back' }).click();
    await page.getByText('Second is back').waitFor();

    assert.deepEqual((await snapshot('Second')).labels, ['release', 'line 3']);
    assert.deepEqual(open.complaints, []);
  });

  it('one is deleted for good only after a question', async () => {
    const { page } = open;
    await cp.admin.call('deleteSnapshot', { params: { id: ids.Second ?? '' } });
    await page.reload();
    await page.getByRole('button', { name: 'Delete Second for good' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
    await page.getByText('No snapshot is here.').waitFor();

    const params = { id: teamId };
    assert.deepEqual((await cp.admin.call('listBinnedSnapshots', { params })).items, []);
    assert.deepEqual(open.complaints, []);
  });

  it('the timeline has deploys and snapshots, newest first, and shows those of one kind alone', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instanceId}/timeline`);
    const entries = page.locator('[data-test=timeline-entry]');
    await entries.filter({ hasText: 'Third' }).first().waitFor();
    const texts = (await entries.allInnerTexts()).join('\n');
    assert.ok(texts.indexOf('Snapshot Third') < texts.indexOf('Snapshot First'), texts);
    assert.ok(texts.includes('Flows deployed'));

    await page.locator('[data-test=kind-snapshot]').click();
    await eventually(async () => (await entries.filter({ hasText: 'Flows deployed' }).count()) === 0);
    await deploy(cp, instanceId, answeringFlow('Fourth'));
    const params = { id: instanceId };
    await cp.admin.call('createInstanceSnapshot', { params, body: { name: 'Fourth' } });
    await entries.first().getByText('Fourth').waitFor();
    await entries.first().getByRole('link', { name: 'with the one before' }).click();

    await page.waitForURL(/\/snapshots\/.*\/compare\/snapshot\//);
    await page.getByText('msg.payload = "Fourth";').waitFor();
    assert.deepEqual(open.complaints, []);
  });
});
