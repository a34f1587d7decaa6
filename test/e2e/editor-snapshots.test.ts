import assert from 'node:assert/strict';
import type { FlowNode, InstanceView } from '@flowyard/protocol';
import type { Page } from 'playwright-core';
import { openPage, signInOnPage } from '../support/browser.ts';
import { buildApplication, buildInstance, buildMember, instanceIn } from '../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../support/control-plane.ts';
import { eventually } from '../support/eventually.ts';

const FLOWS: FlowNode[] = [
  { id: 'tab1', type: 'tab', label: 'Filling', disabled: false, info: '', env: [] },
  {
    id: 'fun1',
    type: 'function',
    z: 'tab1',
    name: 'open valve',
    func: 'msg.payload = 1;\nreturn msg;',
    outputs: 1,
    timeout: 0,
    noerr: 0,
    initialize: '',
    finalize: '',
    libs: [],
    x: 200,
    y: 100,
    wires: [['dbg1']],
  },
  {
    id: 'dbg1',
    type: 'debug',
    z: 'tab1',
    name: 'amount',
    active: true,
    tosidebar: true,
    console: false,
    tostatus: false,
    complete: 'payload',
    targetType: 'msg',
    statusVal: '',
    statusType: 'auto',
    x: 400,
    y: 100,
    wires: [],
  },
];

async function openSidebar(page: Page, instance: InstanceView): Promise<void> {
  await page.locator('#red-ui-header').waitFor();
  await page.waitForFunction("document.querySelectorAll('.flowyard-pane').length === 3");
  await page.waitForSelector('#red-ui-loading-progress', { state: 'hidden' });
  await page.evaluate(`RED.actions.invoke('flowyard:show-snapshots')`);
  await page.locator('.flowyard-pane:visible').waitFor();
  assert.match(page.url(), new RegExp(instance.name));
}

describe("Snapshots in a hosted instance's editor", function () {
  this.timeout(180_000);
  let cp: RunningControlPlane;

  before(async () => {
    cp = await startControlPlane();
  });
  after(() => cp?.stop());

  it('are taken, compared on the canvas, restored, undone and deployed, and others are told', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const instance = await buildInstance(cp, applicationId, { start: true, flows: FLOWS });
    await instanceIn(cp, instance.id, 'running');
    const { username } = await buildMember(cp, teamId, 'member');
    const viewer = await buildMember(cp, teamId, 'viewer');
    const person = await openPage();
    const reader = await openPage();
    const { page } = person;
    const panel = page.getByRole('region', { name: 'Comparison' });
    const functionNow = () => page.evaluate(`RED.nodes.node('fun1').func`);
    const deployed = async () => {
      const { flows } = await cp.admin.call('getFlows', { params: { id: instance.id } });
      return flows.find(({ id }) => id === 'fun1')?.func;
    };
    // Node-RED's own list of modules to install, for which there may be no way out here.
    await page.route('https://catalogue.nodered.org/**', (route) => route.fulfill({ json: { modules: [] } }));
    try {
      await page.goto(instance.url);
      await signInOnPage(page, username, ADMIN_PASSWORD);
      await openSidebar(page, instance);
      await page.getByRole('button', { name: 'Take a snapshot' }).click();
      await page.getByRole('dialog').getByLabel('Name').fill('Good <b>flows</b>');
      await page.keyboard.press('Enter');
      await page.getByText('Good <b>flows</b>', { exact: true }).first().waitFor();
      await page.getByText('runs now').waitFor();

      await reader.page.goto(instance.url);
      await signInOnPage(reader.page, viewer.username, ADMIN_PASSWORD);
      await openSidebar(reader.page, instance);
      await reader.page.getByText('Good <b>flows</b>').waitFor();
      assert.equal(await reader.page.getByRole('button', { name: 'Take a snapshot' }).count(), 0);

      await page.evaluate(`
        const node = RED.nodes.node('fun1');
        node.func = 'msg.payload = 2;\\nreturn msg;';
        node.changed = true;
        RED.nodes.dirty(true);
        RED.actions.invoke('core:deploy-flows');
      `);
      await eventually(async () => (await deployed()) === 'msg.payload = 2;\nreturn msg;');
      await reader.page.getByText(`${username} has deployed other flows`).waitFor();

      const menu = page.getByRole('button', { name: 'What to do with Good <b>flows</b>' });
      await menu.press('Enter');
      await page.locator('.flowyard-menu').getByText('Compare with the editor').click();
      await panel.getByText('1 changed').waitFor();
      await page.locator('#red-ui-workspace-chart .flowyard-mark-changed:visible').waitFor();
      await panel.getByRole('button', { name: 'End compare' }).click();

      await menu.press('Enter');
      const entries = await page.locator('.flowyard-menu a').allTextContents();
      assert.equal(entries.includes('Roll back …'), true);
      assert.equal(entries.includes('Restore and deploy …'), false);
      await page.locator('.flowyard-menu').getByText('Restore into the workspace …').click();
      await page.getByRole('alertdialog').getByRole('button', { name: 'Restore' }).click();
      await eventually(async () => (await functionNow()) === 'msg.payload = 1;\nreturn msg;');
      await page.evaluate(`RED.actions.invoke('core:undo')`);
      assert.equal(await functionNow(), 'msg.payload = 2;\nreturn msg;');
      await page.evaluate(`RED.actions.invoke('core:redo')`);
      assert.equal(await functionNow(), 'msg.payload = 1;\nreturn msg;');
      await page.evaluate(`RED.actions.invoke('core:deploy-flows')`);

      await eventually(async () => (await deployed()) === 'msg.payload = 1;\nreturn msg;');
      assert.equal(await page.getByText('has deployed other flows').count(), 0);
      assert.deepEqual(person.complaints, []);
    } finally {
      await person.close();
      await reader.close();
    }
  });
});
