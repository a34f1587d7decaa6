import assert from 'node:assert/strict';
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
});
