import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildInstance, instanceIn, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('Settings, templates and variables on the page', function () {
  this.timeout(180_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let place: { teamId: string; applicationId: string };

  before(async () => {
    cp = await startControlPlane();
    place = await buildApplication(cp);
    open = await openPage();
    await open.page.goto(cp.url);
    await signInOnPage(open.page);
    await open.page.waitForURL(/teams/);
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  it('a change that needs a restart says so, and the button applies it', async () => {
    const instance = await buildInstance(cp, place.applicationId, { start: true });
    await instanceIn(cp, instance.id, 'running');
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instance.id}/settings`);

    await page.getByLabel('Time zone', { exact: true }).fill('Asia/Tokyo');
    await page.locator('[data-test=save-settings]').click();
    const notice = page.locator('[data-test=restart-needed]');
    await notice.waitFor();
    await page.locator('[data-test="setting-runtime.timeZone"]').getByText('restart to apply').waitFor();
    await page.reload();
    await notice.waitFor();
    await page.locator('[data-test=restart-now]').click();
    await notice.waitFor({ state: 'hidden', timeout: 30_000 });

    const view = await cp.admin.call('getInstanceSettings', { params: { id: instance.id } });
    assert.equal(view.values['runtime.timeZone'], 'Asia/Tokyo');
    assert.deepEqual(open.complaints, []);
  });

  it('an instance that is protected is marked on its page, in lists and on its stage, and explained', async () => {
    const instance = await buildInstance(cp, place.applicationId);
    const params = { id: place.applicationId };
    const pipeline = await cp.admin.call('createPipeline', { params, body: { name: 'Release' } });
    const stage = { name: 'Production', instanceId: instance.id };
    await cp.admin.call('createStage', { params: { id: pipeline.id }, body: stage });
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instance.id}/settings`);
    await page.getByLabel('Protected', { exact: true }).check();
    await page.locator('[data-test=save-settings]').click();

    await page.locator('[data-test=protected]').waitFor();
    await page.getByRole('button', { name: 'What is: protected instance?' }).click();
    await page.getByText('Its editor is read-only for everybody').waitFor();
    await page.goto(`${cp.url}/applications/${place.applicationId}`);
    await page.getByRole('row', { name: new RegExp(`${instance.name}.*protected`) }).waitFor();
    await page.goto(`${cp.url}/pipelines/${pipeline.id}`);
    await page.getByRole('article').locator('[data-test=protected]').waitFor();
    assert.deepEqual(open.complaints, []);
  });

  it('a value that cannot be is refused at its field, and nothing changes', async () => {
    const instance = await buildInstance(cp, place.applicationId);
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instance.id}/settings`);

    await page.getByLabel('Colour of the header', { exact: true }).fill('reddish');
    await page.locator('[data-test=save-settings]').click();
    await page.locator('[data-test="setting-editor.headerColour"]').getByText('must be a colour').waitFor();

    const view = await cp.admin.call('getInstanceSettings', { params: { id: instance.id } });
    assert.deepEqual(view.values, {});
    open.complaints.length = 0;
  });

  it('a template is made, locks a setting, and the instance shows why it cannot change it', async () => {
    const name = uniqueName('Plant');
    const { page } = open;
    await page.goto(`${cp.url}/admin/templates`);
    await page.locator('[data-test=add-template]').click();
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill(name);
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.waitForURL(/\/admin\/templates\/\w+/);
    await page.getByLabel('Title', { exact: true }).fill('Plant 7');
    await page.getByRole('button', { name: 'Lock Title' }).click();
    await page.locator('[data-test=save-template]').click();
    await page.getByText('Version 2').waitFor();

    const { items } = await cp.admin.call('listTemplates');
    const templateId = items.find((item) => item.name === name)?.id ?? '';
    const instance = await cp.admin.call('createInstance', {
      params: { id: place.applicationId },
      body: { name: uniqueName('instance'), start: false, templateId },
    });
    await page.goto(`${cp.url}/instances/${instance.id}/settings`);
    const field = page.locator('[data-test="setting-editor.title"]');
    await field.getByText('locked by the template').waitFor();
    assert.ok(await field.getByRole('textbox').isDisabled());
    assert.equal(await field.getByRole('textbox').inputValue(), 'Plant 7');
    await page.goto(`${cp.url}/admin/templates/${templateId}/drift`);
    await page.getByText('No instance differs').waitFor();
    assert.deepEqual(open.complaints, []);
  });

  it('variables of the team reach its instances, and a .env file shows what it changes first', async () => {
    const instance = await buildInstance(cp, place.applicationId);
    const { page } = open;
    await page.goto(`${cp.url}/teams/${place.teamId}/settings`);
    const panel = page.locator('[data-test=shared-variables]');
    await panel.locator('[data-test=import-env]').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Or its text').fill('BROKER=mqtt://plant\nFLOWYARD_URL=x');
    await dialog.locator('[data-test=env-preview]').click();
    await dialog.getByText('left out').waitFor();
    await dialog.locator('[data-test=submit]').click();
    await panel.getByRole('button', { name: 'Save the variables' }).click();
    await page.getByText('Saved; instances have them').waitFor();

    await page.goto(`${cp.url}/instances/${instance.id}/variables`);
    const above = page.locator('[data-test=variables-from-above]');
    await above.getByText('BROKER').waitFor();
    await above.getByText('from the team').waitFor();
    assert.deepEqual(open.complaints, []);
  });

  it('an HTTP token is shown once', async () => {
    const instance = await buildInstance(cp, place.applicationId);
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instance.id}/settings`);
    await page.locator('[data-test=add-http-token]').click();
    await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('scada');
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.getByText(/^fyh_/).waitFor();
    await page.locator('[data-test=token-done]').click();
    await page.getByRole('row', { name: /scada/ }).waitFor();

    assert.equal(await page.getByText(/^fyh_/).count(), 0);
    assert.deepEqual(open.complaints, []);
  });
});
