import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildMember, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('Team types on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  it('are made by an administrator, and a team that has too much sees it before it changes', async () => {
    const { teamId } = await buildApplication(cp);
    await buildMember(cp, teamId, 'viewer');
    const name = uniqueName('Small');
    const { page } = open;
    await page.goto(`${cp.url}/admin/team-types`);
    await signInOnPage(page);

    await page.locator('[data-test=add-team-type]').click();
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Members', { exact: true }).fill('1');
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.getByRole('row', { name }).getByText('Members: 1').waitFor();

    await page.goto(`${cp.url}/teams/${teamId}/settings`);
    await page.getByText('2 of any number').waitFor();
    await page.locator('[data-test=change-type]').click();
    await page.locator('[data-test=team-type]').click();
    await page.getByRole('option', { name }).click();
    await page.locator('[data-test=beyond]').getByText('Members: 2 of 1').waitFor();

    assert.ok(await page.getByRole('dialog').locator('[data-test=submit]').isDisabled());
    assert.deepEqual(open.complaints, []);
  });
});
