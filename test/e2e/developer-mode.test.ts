import assert from 'node:assert/strict';
import type { FlowNode } from '@flowyard/protocol';
import type { Page } from 'playwright-core';
import { DeveloperWorld } from '../integration/device-agent/support/developer-world.ts';
import { answeringFlows } from '../integration/device-agent/support/flows.ts';
import { type OpenPage, openPage, signInOnPage } from '../support/browser.ts';
import { eventually } from '../support/eventually.ts';

const PICTURES = process.env.TEST_PICTURES;

describe('Editing on a device', function () {
  this.timeout(180_000);
  const world = new DeveloperWorld();
  const complaints: string[] = [];
  let open: OpenPage;
  let page: Page;
  let editor: Page;

  before(async () => {
    await world.start();
    await world.release(answeringFlows('released') as FlowNode[]);
    open = await openPage({ width: 1280 });
    page = open.page;
  });
  after(async () => {
    await open?.close();
    await world.dispose();
  });

  const picture = async (of: Page, name: string) => {
    if (PICTURES !== undefined) {
      await of.screenshot({ path: `${PICTURES}/${name}.png` });
    }
  };
  const dialog = () => page.getByRole('dialog');

  it('begins on its page, with an end', async () => {
    await page.goto(`${world.plane.url}/devices/${world.deviceId}`);
    await signInOnPage(page);
    await page.locator('[data-test=mode]').getByText('Fleet mode').waitFor();
    await picture(page, 'fleet');

    await page.locator('[data-test=develop]').click();
    await picture(page, 'begin');
    await dialog().locator('[data-test=submit]').click();

    await page
      .locator('[data-test=time-left]')
      .getByText(/ends by itself in (3 h 59|4 h)/)
      .waitFor();
    await eventually(() => page.locator('[data-test=open-editor]:not(.v-btn--disabled)').isVisible(), {
      withinMs: 60_000,
    });
  });

  it('opens in the browser, quickly, and deploys what is changed there', async () => {
    editor = await open.page.context().newPage();
    editor.on('pageerror', (error) => complaints.push(error.stack ?? String(error)));
    const begun = performance.now();
    await editor.goto(await page.locator('[data-test=open-editor]').getAttribute('href').then(String));
    await editor.waitForFunction("globalThis.RED?.nodes?.node?.('tpl1')?.type === 'template'", null, {
      timeout: 30_000,
    });
    await editor.waitForSelector('#red-ui-loading-progress', { state: 'hidden' });
    process.stdout.write(`    the editor was there after ${Math.round(performance.now() - begun)} ms\n`);
    await picture(editor, 'editor');

    await editor.evaluate(
      "(() => { const node = RED.nodes.node('tpl1'); node.template = 'tried here'; node.dirty = true; node.changed = true; RED.nodes.dirty(true); })()",
    );
    const deployed = editor.waitForResponse(
      (response) => response.url().endsWith('/flows') && response.request().method() === 'POST',
    );
    await editor.locator('#red-ui-header-button-deploy').click();
    assert.ok((await deployed).ok());

    await eventually(async () => (await world.device.get('/hello')) === 'tried here');
    assert.deepEqual(complaints, []);
  });

  it('has the sidebar, in the name of the person: snapshots of this device', async () => {
    await editor.evaluate("RED.actions.invoke('flowyard:show-snapshots')");
    const pane = editor.locator('.flowyard-pane:visible');
    await pane.getByRole('button', { name: 'Take a snapshot' }).click();
    await editor.getByLabel('Name', { exact: true }).fill('From its editor');
    await editor.keyboard.press('Enter');

    const item = pane.getByRole('listitem').filter({ hasText: 'From its editor' });
    await item.waitFor();
    assert.match((await item.textContent()) ?? '', /admin/);
    await picture(editor, 'sidebar');
    assert.deepEqual(complaints, []);
  });

  it('goes back to a snapshot at once, and undo deploys nothing', async () => {
    await editor.evaluate(
      "(() => { const node = RED.nodes.node('tpl1'); node.template = 'worse'; node.dirty = true; node.changed = true; RED.nodes.dirty(true); RED.actions.invoke('core:deploy-flows'); })()",
    );
    await eventually(async () => (await world.device.get('/hello')) === 'worse');

    await editor.getByRole('button', { name: 'What to do with From its editor' }).click();
    await editor.locator('.flowyard-menu').getByText('Restore and deploy …', { exact: true }).click();
    const question = editor.getByRole('alertdialog');
    await question.getByText('1 changed').waitFor();
    await picture(editor, 'restore-and-deploy');
    await question.getByRole('button', { name: 'Restore and deploy' }).click();

    await editor.getByText('Restored and deployed: From its editor').waitFor();
    await eventually(async () => (await world.device.get('/hello')) === 'tried here');
    await editor.evaluate("RED.actions.invoke('core:undo')");
    assert.equal(await editor.evaluate("RED.nodes.node('tpl1').template"), 'worse');
    assert.equal(await world.device.get('/hello'), 'tried here');
    await editor.evaluate("RED.actions.invoke('core:redo'); RED.nodes.dirty(false)");
    assert.deepEqual(complaints, []);
  });

  it('shows on the page that it was edited, and who is at it', async () => {
    await page.locator('[data-test=edited]').waitFor();
    await page.locator('[data-test=editors]').getByText('admin').waitFor();
    await picture(page, 'developer');
  });

  it('ends with a snapshot that becomes the target, and the editor is gone', async () => {
    await page.locator('[data-test=end-developer]').click();
    await dialog().getByLabel('Name of the snapshot').fill('Tried on the machine');
    await picture(page, 'end');
    await dialog().locator('[data-test=submit]').click();

    await page.locator('[data-test=mode]').getByText('Fleet mode').waitFor();
    await world.until(
      (view) => view.status === 'running' && view.runningSnapshot?.name === 'Tried on the machine',
    );
    assert.equal(await world.device.get('/hello'), 'tried here');
    await editor.goto(editor.url());
    await editor.reload();
    await editor.getByText('fleet mode').first().waitFor();
    await picture(editor, 'editor-gone');
    await page.goto(`${world.plane.url}/devices/${world.deviceId}/snapshots`);
    await page
      .getByRole('row', { name: /Tried on the machine/ })
      .getByText('runs now')
      .waitFor();
    await picture(page, 'snapshots');
    assert.deepEqual(open.complaints, []);
  });
});
