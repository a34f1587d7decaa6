import assert from 'node:assert/strict';
import type { FlowNode } from '@flowyard/protocol';
import type { Locator, Page } from 'playwright-core';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildInstance, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const LONG = 'W'.repeat(110);
const CRASHING: FlowNode[] = [
  { id: 'tab', type: 'tab', label: 'Crashes' },
  { id: 'begin', type: 'inject', z: 'tab', once: true, onceDelay: 0.1, props: [], wires: [['boom']] },
  { id: 'boom', type: 'function', z: 'tab', func: "Promise.reject(new Error('boom'));", wires: [[]] },
];

describe('where something goes wrong, the web page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let page: Page;
  before(async () => {
    cp = await startControlPlane();
  });
  after(() => cp.stop());
  afterEach(() => open.close());

  async function openAt(path: string, width = 1440): Promise<void> {
    open = await openPage({ width });
    page = open.page;
    page.setDefaultTimeout(60_000);
    await page.goto(cp.url + path);
    await signInOnPage(page);
    await page.locator('main h1, main h2').first().waitFor();
  }

  const dialog = (): Locator => page.getByRole('dialog');
  const hasFocus = (locator: Locator) =>
    locator.evaluate((element) => element === element.ownerDocument.activeElement);
  const submit = () => dialog().locator('[data-test=submit]').click();

  async function close(): Promise<void> {
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'hidden' });
  }

  it('tells why somebody may not open an editor and leads back', async () => {
    await openAt(`/no-access?message=${encodeURIComponent('There is no such instance.')}`);

    await page.getByText('You may not open this').waitFor();
    await page.getByText('There is no such instance.').waitFor();
    await page.getByRole('link', { name: 'To the overview', exact: true }).click();

    await page.waitForURL((url) => url.pathname !== '/no-access');
  });

  it('says after a crash what happened and what comes next', async () => {
    const { applicationId } = await buildApplication(cp);
    const { id } = await buildInstance(cp, applicationId, { start: true, flows: CRASHING });
    await openAt(`/instances/${id}`);

    await page.getByText('Error: boom').first().waitFor();
    await page.locator('[data-test=advice]').getByText('starts again by itself').waitFor();
    await page.getByRole('region', { name: 'State' }).getByText('The end of the log').click();

    await page.getByLabel('The end of the log').getByText('Unhandled rejection').first().waitFor();
  });

  it('says to what a push that failed went back', async () => {
    const { applicationId } = await buildApplication(cp);
    const from = await buildInstance(cp, applicationId, { flows: CRASHING });
    const to = await buildInstance(cp, applicationId, { start: true });
    const { id } = await cp.admin.call('createPipeline', {
      params: { id: applicationId },
      body: { name: 'release' },
    });
    const stages = { params: { id } };
    await cp.admin.call('createStage', { ...stages, body: { name: 'Test', instanceId: from.id } });
    await cp.admin.call('createStage', { ...stages, body: { name: 'Hall', instanceId: to.id } });
    await openAt(`/pipelines/${id}`);

    await page.locator('[data-test=push]').click();
    await submit();

    await page
      .locator('[data-test=deployment]')
      .getByText(/boom.* It went back to “/)
      .waitFor();
  });

  it('shows each step of the installation of a stack', async () => {
    await openAt('/admin/stacks');

    await page.getByRole('button', { name: 'Install' }).click();

    await page.getByText(/\([1-9]\d* packages so far\)|unpacked\)/).waitFor();
  });

  it('names a field that does not fit as the form does', async () => {
    await openAt('/admin/users');

    await page.locator('[data-test=add-user]').click();
    await dialog().getByLabel('User name').fill(uniqueName('person'));
    await dialog().getByLabel('First password').fill('long enough');
    await dialog().getByLabel('E-mail (optional)').fill('nowhere');
    await submit();

    await dialog().getByText('The e-mail address is not an e-mail address.').waitFor();
  });

  it('says what is in the way of a deletion, in the dialog', async () => {
    const { applicationId } = await buildApplication(cp);
    await buildInstance(cp, applicationId);
    const { name } = await cp.admin.call('getApplication', { params: { id: applicationId } });
    await openAt(`/applications/${applicationId}/settings`);

    await page.getByRole('button', { name: 'Delete the application' }).click();
    await page.locator('[data-test=confirm-name] input').fill(name);
    await submit();

    await dialog().getByText('The application still has 1 hosted instance.').waitFor();
  });

  it('returns the focus to where a dialog was opened, also from a menu', async () => {
    const { applicationId } = await buildApplication(cp);
    const { id } = await cp.admin.call('createPipeline', {
      params: { id: applicationId },
      body: { name: 'release' },
    });
    await openAt(`/pipelines/${id}`);
    const button = page.locator('[data-test=add-stage]');
    const menu = page.getByRole('button', { name: 'Actions on release' });

    await button.press('Enter');
    await dialog().waitFor();
    await close();
    await eventually(() => hasFocus(button));
    await menu.press('Enter');
    await page.getByRole('menuitem', { name: 'Rename' }).press('Enter');
    await dialog().waitFor();
    await close();

    await eventually(() => hasFocus(menu));
  });

  it('shows names as text and keeps the longest inside a narrow screen', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const name = `<script>${LONG}`;
    const params = { id: applicationId };
    await cp.admin.call('updateApplication', { params, body: { name } });
    const { id: deviceId } = await cp.admin.call('createDevice', {
      params: { id: teamId },
      body: { name: LONG, applicationId },
    });
    const { id: groupId } = await cp.admin.call('createDeviceGroup', { params, body: { name: LONG } });
    await openAt(`/applications/${applicationId}`, 360);
    await page.getByRole('heading', { name, level: 1 }).waitFor();

    for (const path of [`/applications/${applicationId}/devices`, `/devices/${deviceId}`]) {
      await page.goto(cp.url + path);
      await page.getByText(LONG).first().waitFor();
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), path);
    }
    await page.goto(`${cp.url}/device-groups/${groupId}`);
    await page.getByRole('heading', { name: LONG, level: 1 }).waitFor();

    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  });

  it('asks to sign in when somebody signed out in another tab', async () => {
    const { applicationId } = await buildApplication(cp);
    await openAt(`/applications/${applicationId}`);
    await page.getByText('No hosted instance yet').waitFor();
    const other = await page.context().newPage();
    await other.goto(cp.url);

    await other.locator('[data-test=person-menu]').click();
    await other.locator('[data-test=sign-out]').click();

    await page.waitForURL(/\/sign-in\?continue=/);
  });
});
