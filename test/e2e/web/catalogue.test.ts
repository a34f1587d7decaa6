import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('The catalogue on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
    await open.page.goto(`${cp.url}/admin/instance-types`);
    await signInOnPage(open.page);
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  it('has instance types that an administrator makes and withdraws', async () => {
    const name = uniqueName('Small');
    const { page } = open;
    const { limits } = await cp.admin.call('listInstanceTypes');
    if (limits.problem !== null) {
      await page.locator('[data-test=limits-problem]').getByText(limits.problem).waitFor();
    }

    await page.locator('[data-test=add-instance-type]').click();
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Memory in MB').fill('lots');
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.getByText('Enter a whole number.').waitFor();
    await page.getByLabel('Memory in MB').fill('256');
    await page.getByLabel('Processor in cores').fill('0.5');
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    const row = page.getByRole('row', { name });
    await row.getByText('0.5 cores').waitFor();
    await row.locator('[data-test=edit-instance-type]').click();
    await page.getByLabel('Offered for new instances').uncheck();
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await row.getByText('not offered any more').waitFor();

    assert.deepEqual(open.complaints, []);
  });

  it('has stacks that an administrator adds, links and removes', async () => {
    const name = uniqueName('Older');
    const { page } = open;
    await page.goto(`${cp.url}/admin/stacks`);

    await page.locator('[data-test=add-stack]').click();
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Version of Node-RED').fill('4.1');
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.getByText('Enter an exact version such as 4.1.8.').waitFor();
    await page.getByLabel('Version of Node-RED').fill('4.1.8');
    await page.getByLabel('Install it at once').uncheck();
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    const row = page.getByRole('row', { name });
    await row.getByText('not installed').waitFor();

    await page.getByRole('button', { name: `Actions on ${name}` }).click();
    await page.getByRole('menuitem', { name: 'Change' }).click();
    await page.locator('[data-test=replaced-by]').click();
    await page.getByRole('option', { name: /Node-RED 5/ }).click();
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await row.getByText('replaced by Node-RED 5').waitFor();

    await page.getByRole('button', { name: `Actions on ${name}` }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await row.waitFor({ state: 'detached' });

    assert.deepEqual(open.complaints, []);
  });
});
