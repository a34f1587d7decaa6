import assert from 'node:assert/strict';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import {
  answeringFlow,
  buildApplication,
  buildInstance,
  instanceIn,
  uniqueName,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { buildStack, CRASHES } from '../../support/stacks.ts';

describe('Changes of an instance on the page', function () {
  this.timeout(180_000);
  let cp: ControlPlaneInProcess;
  let open: OpenPage;
  let applicationId: string;

  before(async () => {
    cp = await startControlPlane({ config: { healthSeconds: 1 } });
    open = await openPage();
    ({ applicationId } = await buildApplication(cp));
    await open.page.goto(`${cp.url}/admin/stacks`);
    await signInOnPage(open.page);
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  it('shows how an instance returns from a stack that does not start', async () => {
    const instance = await buildInstance(cp, applicationId, { start: true, flows: answeringFlow('here') });
    await instanceIn(cp, instance.id, 'running');
    const stack = await buildStack(cp, { code: CRASHES });
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instance.id}`);

    await page.getByRole('button', { name: `Actions on ${instance.name}` }).click();
    await page.getByRole('menuitem', { name: 'Change stack or type …' }).click();
    await page.getByRole('radio', { name: new RegExp(stack.name) }).check();
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.locator('[data-test=change]').waitFor();

    const outcome = page.getByRole('region', { name: 'Changes of stack and type' });
    await outcome.getByText('went back').waitFor({ timeout: 120_000 });
    await outcome.getByText('this stack does not start').first().waitFor();
    assert.equal(await page.locator('[data-test=change]').count(), 0);
    assert.deepEqual(open.complaints, []);
  });

  it('offers an update, tries it on a copy, and changes the original from there', async () => {
    const [from, to] = [await buildStack(cp), await buildStack(cp)];
    const rows = openDatabase(cp.database);
    await rows('stacks').where({ id: from.id }).update({ replaced_by: to.id });
    await rows.destroy();
    const body = { name: uniqueName('updated'), stackId: from.id };
    const instance = await cp.admin.call('createInstance', { params: { id: applicationId }, body });
    await instanceIn(cp, instance.id, 'running');
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instance.id}`);

    await page.locator('[data-test=stack-update]').getByRole('button', { name: 'Try it on a copy' }).click();
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.locator('[data-test=trial]').getByText('This is a trial').waitFor();
    await page.locator('[data-test=change-original]').click({ timeout: 60_000 });

    await page.getByRole('heading', { name: instance.name, exact: true }).waitFor();
    const outcome = page.getByRole('region', { name: 'Changes of stack and type' });
    await outcome.getByText('done').waitFor({ timeout: 60_000 });
    assert.equal((await cp.admin.call('getInstance', { params: { id: instance.id } })).stack.id, to.id);
    assert.deepEqual(open.complaints, []);
  });

  it('moves the instances of a stack from the page of the stack', async () => {
    const [from, to] = [await buildStack(cp), await buildStack(cp)];
    const body = { name: uniqueName('moved'), stackId: from.id, start: false };
    const instance = await cp.admin.call('createInstance', { params: { id: applicationId }, body });
    const { page } = open;
    await page.goto(`${cp.url}/admin/stacks/${from.id}`);

    await page.getByRole('checkbox', { name: `Move ${instance.name}` }).check();
    await page.locator('[data-test=move]').click();
    await page.getByRole('radio', { name: new RegExp(to.name) }).check();
    await page.getByRole('dialog').locator('[data-test=submit]').click();

    await page.getByText('No instance runs it').waitFor({ timeout: 30_000 });
    assert.deepEqual(open.complaints, []);
  });

  it('copies an instance', async () => {
    const instance = await buildInstance(cp, applicationId, { flows: answeringFlow('copied') });
    const name = uniqueName('copied');
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instance.id}`);

    await page.getByRole('button', { name: `Actions on ${instance.name}` }).click();
    await page.getByRole('menuitem', { name: 'Copy …', exact: true }).click();
    await page.getByLabel('Name of the copy').fill(name);
    await page.getByRole('dialog').locator('[data-test=submit]').click();

    await page.getByRole('heading', { name, exact: true }).waitFor();
    assert.deepEqual(open.complaints, []);
  });
});
