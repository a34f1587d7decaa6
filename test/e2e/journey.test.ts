import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { runCommand, TestDevice } from '../integration/device-agent/support/agent-process.ts';
import { showTab } from '../integration/plugins/editor-page.ts';
import { getFromInstance } from '../support/api-client.ts';
import { type OpenPage, openPage } from '../support/browser.ts';
import { answeringFlow } from '../support/builders.ts';
import { ADMIN_PASSWORD } from '../support/control-plane.ts';
import { ControlPlaneProcess } from '../support/control-plane-process.ts';
import { sharedDeviceStore } from '../support/device-store.ts';
import { eventually } from '../support/eventually.ts';

const WITHIN = { withinMs: 60_000 };

/** One walk through everything, as a newcomer takes it. Each step stands on the one before. */
describe('The whole journey', function () {
  this.timeout(180_000);
  const cp = new ControlPlaneProcess({ FLOWYARD_POOL: '1' });
  const complaints: string[] = [];
  let open: OpenPage;
  let page: Page;
  let editor: Page;
  let device: TestDevice;
  let development: string;
  let production: string;

  before(async () => {
    device = await TestDevice.create(sharedDeviceStore());
    await cp.launch();
    const { host, protocol } = new URL(cp.url);
    development = `${protocol}//line-dev.${host}`;
    production = `${protocol}//line-prod.${host}`;
    open = await openPage();
    page = open.page;
  });

  after(async () => {
    await open?.close();
    await device?.dispose();
    await cp.stop();
  });

  let stumbled: string | undefined;
  beforeEach(() => {
    assert.ok(!stumbled, `cannot go on after: ${stumbled}`);
  });
  /** With TEST_SCREENSHOTS set to a folder, what the browser showed when something went wrong is kept there. */
  afterEach(async function () {
    if (this.currentTest?.state !== 'failed') {
      return;
    }
    stumbled ??= this.currentTest.title;
    const folder = process.env.TEST_SCREENSHOTS;
    if (folder) {
      await page.screenshot({ path: join(folder, 'page.png') });
      await editor?.screenshot({ path: join(folder, 'editor.png') });
    }
  });

  const dialog = (): Locator => page.getByRole('dialog');

  /** Fills in the name that the open dialog asks for, and confirms. */
  async function nameAndConfirm(name: string): Promise<void> {
    await dialog().getByLabel(/^Name/).first().fill(name);
    await dialog().locator('[data-test=submit]').click();
    await dialog().waitFor({ state: 'detached' });
  }

  /** Chooses an entry of a select or autocomplete. */
  async function choose(label: string, entry: string | RegExp): Promise<void> {
    const field = dialog().getByRole('combobox', { name: label, exact: true });
    await field.focus();
    await field.press('ArrowDown');
    await page.getByRole('option', { name: entry }).first().click();
  }

  async function goTo(name: string): Promise<void> {
    await page.getByRole('navigation').first().getByRole('link', { name, exact: true }).click();
  }

  it('begins with the first administrator, at the link of the log', async () => {
    const link = cp.output.map((line) => /administrator at (\S+)$/.exec(line)?.[1]).find(Boolean);
    assert.ok(link, cp.output.join('\n'));

    await page.goto(link);
    await page.getByLabel('User name').fill('ada');
    await page.getByLabel('Password', { exact: true }).fill(ADMIN_PASSWORD);
    await page.getByRole('button', { name: 'Make the administrator' }).click();

    await page.getByText('You are in no team yet').waitFor();
    await cp.admin.signIn('ada', ADMIN_PASSWORD);
  });

  it('makes a team, an application and two hosted instances, which run at once', async () => {
    await page.locator('[data-test=create-team]').click();
    await nameAndConfirm('Brewery');
    await page.getByRole('heading', { name: 'Brewery' }).waitFor();

    await goTo('Applications');
    await page.locator('[data-test=create-application]').first().click();
    await nameAndConfirm('Bottling line');
    const application = page.getByRole('link', { name: 'Bottling line', exact: true });
    await application
      .or(page.getByRole('heading', { name: 'Bottling line' }))
      .first()
      .waitFor();
    if (await application.isVisible()) {
      await application.click();
    }
    for (const name of ['line-dev', 'line-prod']) {
      await page.locator('[data-test=tab-instances]').click();
      await page.locator('[data-test=create-instance]').first().click();
      await nameAndConfirm(name);
      await page.getByText(name, { exact: true }).first().waitFor();
      await eventually(
        async () => (await getFromInstance(`http://${name}.${new URL(cp.url).host}`, '/')).status === 200,
        WITHIN,
      );
      await page.goto(`${cp.url}/applications/${await applicationId()}`);
    }
  });

  async function applicationId(): Promise<string> {
    const [team] = (await cp.admin.call('listTeams')).items;
    const [application] = (await cp.admin.call('listApplications', { params: { id: team?.id ?? '' } })).items;
    return application?.id ?? '';
  }

  it('opens the editor signed in, and deploys a flow there', async () => {
    // The same browser context, so that the page's session counts.
    editor = await open.page.context().newPage();
    editor.on('pageerror', (error) => complaints.push(error.stack ?? String(error)));
    await editor.goto(development);
    await editor.waitForFunction("document.querySelectorAll('.flowyard-pane').length === 3", null, {
      timeout: 30_000,
    });
    await editor.waitForSelector('#red-ui-loading-progress', { state: 'hidden' });

    await editor.evaluate("RED.actions.invoke('core:show-import-dialog')");
    await editor
      .locator('#red-ui-clipboard-dialog-import-text')
      .fill(JSON.stringify(answeringFlow('version one')));
    await editor.locator('#red-ui-clipboard-dialog-import-text').press('End');
    await editor.locator('#red-ui-clipboard-dialog-ok').click();
    await deployInEditor();

    await eventually(
      async () => (await getFromInstance(development, '/answer')).body === 'version one',
      WITHIN,
    );
    const { items } = await cp.admin.call('listApplicationAudit', { params: { id: await applicationId() } });
    assert.ok(
      items.some(
        ({ event, via, actor }) => event === 'flows.deployed' && via === 'editor' && actor.name === 'ada',
      ),
    );
  });

  async function deployInEditor(): Promise<void> {
    const deployed = editor.waitForResponse(
      (response) => response.url().endsWith('/flows') && response.request().method() === 'POST',
    );
    await editor.locator('#red-ui-header-button-deploy').click();
    assert.ok((await deployed).ok());
  }

  it('takes a snapshot in the sidebar', async () => {
    const pane = await showTab(editor, 'snapshots');

    await pane.getByRole('button', { name: 'Take a snapshot' }).click();
    await editor.getByRole('dialog').getByLabel('Name').fill('Version one');
    await editor.keyboard.press('Enter');

    await pane.getByRole('listitem').filter({ hasText: 'Version one' }).waitFor();
  });

  it('changes the flow, and rolls back in the sidebar', async () => {
    await editor.evaluate(
      "(() => { const node = RED.nodes.filterNodes({ type: 'function' })[0]; node.func = node.func.replace('version one', 'version two'); node.dirty = true; node.changed = true; RED.nodes.dirty(true); })()",
    );
    await deployInEditor();
    await eventually(
      async () => (await getFromInstance(development, '/answer')).body === 'version two',
      WITHIN,
    );

    const pane = await showTab(editor, 'snapshots');
    await pane.getByRole('button', { name: 'What to do with Version one' }).click();
    await editor.locator('.flowyard-menu').getByText('Roll back …').click();
    await editor.getByRole('alertdialog').getByRole('button', { name: 'Roll back', exact: true }).click();

    await eventually(
      async () => (await getFromInstance(development, '/answer')).body === 'version one',
      WITHIN,
    );
    await pane.getByRole('listitem').filter({ hasText: 'Before roll back to Version one' }).waitFor();
  });

  it('makes a pipeline of three stages: development, production and a device group', async () => {
    await page.goto(`${cp.url}/applications/${await applicationId()}/device-groups`);
    await page.locator('[data-test=create-group]').first().click();
    await nameAndConfirm('Gateways');
    await page.goto(`${cp.url}/applications/${await applicationId()}/pipelines`);
    await page.locator('[data-test=create-pipeline]').first().click();
    await nameAndConfirm('Release');
    const [pipeline] = (await cp.admin.call('listPipelines', { params: { id: await applicationId() } }))
      .items;
    await page.goto(`${cp.url}/pipelines/${pipeline?.id}`);

    for (const [name, kind, target] of [
      ['Development', 'Hosted instance', 'line-dev'],
      ['Production', 'Hosted instance', 'line-prod'],
      ['Halls', 'Device group', 'Gateways'],
    ] as const) {
      await page
        .getByRole('button', { name: /Add (a|the first) stage/ })
        .first()
        .click();
      await choose('What it deploys to', kind);
      await choose(kind, target);
      if (name === 'Production') {
        await choose('A push from here takes', /runs/);
      }
      await nameAndConfirm(name);
      await page.getByRole('article', { name: `Stage ${name}` }).waitFor();
    }
  });

  it('pushes from development to production in the sidebar, and shows it live there and on the page', async () => {
    const pane = await showTab(editor, 'pipeline');

    await pane.getByRole('button', { name: 'Push from Development to Production' }).click();
    await editor.getByRole('dialog').getByRole('button', { name: 'Push', exact: true }).click();

    await pane.getByText('done', { exact: true }).first().waitFor({ timeout: 60_000 });
    await page.locator('[data-test=deployment]').getByText('succeeded').first().waitFor();
    assert.equal((await getFromInstance(production, '/answer')).body, 'version one');
  });

  it('lets a device join by a token, and shows it the moment it is there', async () => {
    await page.goto(`${cp.url}/applications/${await applicationId()}/devices`);
    await page
      .getByRole('button', { name: /Add (a|the first) device/ })
      .first()
      .click();
    const tokenWay = dialog().getByRole('radio', { name: /token/i });
    if (await tokenWay.isVisible()) {
      await tokenWay.click();
    }
    await dialog().getByLabel(/^Name/).first().fill('Hall gateways');
    await choose('And to its device group (optional)', 'Gateways');
    await dialog().locator('[data-test=submit]').click();
    const commands = await dialog()
      .locator('pre, code')
      .filter({ hasText: 'flowyard-device register' })
      .first()
      .textContent();
    const token = /--token (\S+)/.exec(commands ?? '')?.[1] ?? '';
    await dialog().locator('[data-test=done]').click();

    const registered = await runCommand(
      'register',
      '--url',
      cp.url,
      '--token',
      token,
      '--name',
      'gateway-1',
      '--dir',
      device.folder,
    );
    assert.equal(registered.code, 0, registered.stderr);
    device.start();

    await page.getByRole('link', { name: 'gateway-1' }).waitFor();
    await page
      .getByRole('row', { name: /gateway-1/ })
      .getByText('waiting')
      .waitFor();
  });

  it('pushes on to the device, which installs Node-RED, tries the snapshot and runs it', async () => {
    const [pipeline] = (await cp.admin.call('listPipelines', { params: { id: await applicationId() } }))
      .items;
    await page.goto(`${cp.url}/pipelines/${pipeline?.id}`);

    await page.locator('[data-test=push]').nth(1).click();
    await dialog().locator('[data-test=submit]').click();

    await page
      .locator('[data-test=deployment]')
      .filter({ hasText: 'gateway-1' })
      .getByText('succeeded')
      .first()
      .waitFor({ timeout: 150_000 });
    assert.equal(await device.get('/answer'), 'version one');
  });

  it('shows the device in the sidebar with what it runs', async () => {
    const pane = await showTab(editor, 'devices');

    const item = pane.getByRole('listitem').filter({ hasText: 'gateway-1' });
    await item.getByText('running').waitFor();
  });

  it('goes on through a kill of the control plane, and the editor and page find back', async () => {
    await cp.end('SIGKILL');
    assert.equal(await device.get('/answer'), 'version one');

    await cp.launch();
    await cp.admin.signIn('ada', ADMIN_PASSWORD);

    const [team] = (await cp.admin.call('listTeams')).items;
    await eventually(async () => {
      const { items } = await cp.admin.call('listTeamDevices', { params: { id: team?.id ?? '' } });
      return items[0]?.status === 'running';
    }, WITHIN);
    assert.equal((await getFromInstance(production, '/answer')).body, 'version one');
    await page.getByRole('article', { name: 'Stage Halls' }).waitFor();
  });

  it('left no error in the browser', () => {
    assert.deepEqual(complaints, []);
  });
});
