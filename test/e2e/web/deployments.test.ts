import assert from 'node:assert/strict';
import { violationsOf } from '../../support/axe.ts';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { type Fate, RolloutFleet } from '../../support/rollout-fleet.ts';

const FATES: Fate[] = ['fails', 'works', 'works', 'works', 'works', 'works'];

describe('The page of a deployment', function () {
  this.timeout(90_000);
  let cp: ControlPlaneInProcess;
  let fleet: RolloutFleet;
  let open: OpenPage;
  before(async () => {
    cp = await startControlPlane();
    fleet = await RolloutFleet.build(cp, FATES);
    open = await openPage({ width: 1280 });
  });
  after(async () => {
    fleet?.stop();
    await open?.close();
    await cp?.stop();
  });

  it('shows a run that halted, and takes it on and back from there', async () => {
    const { page } = open;
    const push = await fleet.push({ waves: [{ count: 2 }], failureBudget: { count: 0 } });
    await fleet.until(push.id, 'halted');
    await page.goto(`${cp.url}/deployments/${push.id}`);
    await signInOnPage(page);
    await page.getByText('Halted: 1 of 6 targets failed').first().waitFor();
    const cells = page.getByRole('option');
    await eventually(async () => (await cells.count()) === 6);
    assert.equal(await page.getByRole('option', { name: /failed/ }).getAttribute('aria-selected'), 'true');
    await page.getByRole('listbox').focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('.chosen').getByText('gateway 02').waitFor();

    await page.locator('[data-test=deployment-resume]').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
    await fleet.until(push.id, 'failed');
    await page.getByText('5 of 6 targets').first().waitFor();
    await page.locator('[data-test=as-table]').click();
    await page.getByRole('row', { name: /gateway 01.*failed.*no such module/ }).waitFor();

    await page.locator('[data-test=deployment-rollback]').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).click();
    await page.locator('[data-status=rolled-back]').first().waitFor();
    assert.equal((await fleet.running(0)).length, 6);
    assert.deepEqual(open.complaints, []);
  });

  it('goes on with another budget after a halt, and runs again on all targets', async () => {
    const { page } = open;
    const push = await fleet.push({ waves: [{ count: 2 }], failureBudget: { count: 0 } });
    await fleet.until(push.id, 'halted');
    await page.goto(`${cp.url}/deployments/${push.id}`);
    await page.locator('[data-test=deployment-resume]').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Another budget').check();
    assert.deepEqual(await violationsOf(page), []);
    await dialog.getByLabel('So many may fail').fill('some');
    await dialog.locator('[data-test=submit]').click();
    await dialog.getByText('Write a number or a share').waitFor();
    await dialog.getByLabel('So many may fail').fill('50 %');
    await dialog.locator('[data-test=submit]').click();

    const { policy } = await fleet.until(push.id, 'succeeded');
    assert.deepEqual(policy.failureBudget, { percent: 50 });
    await page.locator('[data-test=deployment-again]').click();
    await dialog.getByLabel('The one that does not run it').waitFor();
    await dialog.getByLabel('All that are there now').check();
    await dialog.locator('[data-test=submit]').click();
    await page.waitForURL((url) => !url.pathname.endsWith(push.id));
    await page.getByText('0 of 6 targets').or(page.getByText('5 of 6 targets')).first().waitFor();

    const again = await fleet.view(new URL(page.url()).pathname.split('/').at(-1) ?? '');
    assert.equal(again.counts.total, 6);
    assert.deepEqual(open.complaints, []);
    await fleet.until(again.id, 'halted', 'succeeded', 'failed');
  });

  it('is asked for with other rules and a start for this push only', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/pipelines/${fleet.pipelineId}`);
    await page.locator('[data-test=push]').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('The rules of Fleet: all at once').waitFor();
    assert.equal(await dialog.getByLabel('Waves').count(), 0);
    await dialog.getByLabel('Other rules for this push only').check();
    await dialog.getByLabel('Waves').fill('1, rest');
    await dialog.getByLabel('Health time').fill('2');
    await dialog.getByLabel('Begin later').check();
    await dialog.getByLabel('It begins').waitFor();
    assert.deepEqual(await violationsOf(page), []);
    await dialog.getByLabel('It begins').fill('2020-01-01T03:00');
    await dialog.locator('[data-test=submit]').click();
    await dialog.getByText('Choose a time that is still to come.').waitFor();
    await dialog.getByLabel('It begins').fill('2099-01-01T03:00');
    await dialog.locator('[data-test=submit]').click();
    await dialog.waitFor({ state: 'hidden' });

    const { items } = await cp.admin.call('listDeployments', { params: { id: fleet.pipelineId } });
    assert.deepEqual(items[0]?.policy.waves, [{ count: 1 }, 'rest']);
    assert.equal(items[0]?.policy.healthSeconds, 120);
    assert.equal(items[0]?.startAt, new Date('2099-01-01T03:00').toISOString());
    const { stages } = await cp.admin.call('getPipeline', { params: { id: fleet.pipelineId } });
    assert.deepEqual(stages[1]?.rollout.waves, []);
    await page.getByText('It waits until').first().waitFor();
    assert.deepEqual(open.complaints, []);
  });
});
