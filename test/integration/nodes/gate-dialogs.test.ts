import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { EditorServer, openEditor } from '../plugins/editor-page.ts';

const NODE = { z: 'tab1', name: '', wires: [[]], property: 'payload', propertyType: 'msg' };
const REASON = { reason: 'reason', reasonType: 'msg' };
const FLOWS = [
  { id: 'tab1', type: 'tab', label: 'Gates' },
  { ...NODE, ...REASON, id: 'health', type: 'flowyard-health', x: 200, y: 100, proofSeconds: '' },
  { ...NODE, ...REASON, id: 'lock', type: 'flowyard-update-lock', x: 200, y: 200, longestMinutes: '60' },
];

describe('The dialogs of the nodes health and update lock', function () {
  this.timeout(90_000);
  let server: EditorServer;
  let browser: Browser;
  const problems: string[] = [];

  before(async () => {
    server = await EditorServer.start({});
    await writeFile(path.join(server.folder, 'flows.json'), JSON.stringify(FLOWS));
    const answer = await fetch(`${server.url}flows`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'Node-RED-Deployment-Type': 'reload' },
      body: '{}',
    });
    assert.ok(answer.ok);
    browser = await launchBrowser();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });

  const edit = (page: Page, id: string) => page.evaluate(`RED.editor.edit(RED.nodes.node('${id}'))`);
  const field = (page: Page, name: string) => page.locator(`#node-input-${name}`);

  /** Whether the dialog takes that value. */
  async function takes(page: Page, name: string, value: string): Promise<boolean> {
    await field(page, name).fill(value);
    await field(page, name).blur();
    const isRefused = () => field(page, name).evaluate((input) => input.classList.contains('input-error'));
    // It looks a moment later.
    await new Promise((resolve) => setTimeout(resolve, 300));
    return !(await isRefused());
  }

  it('say what they are for, and refuse what cannot be', async () => {
    const page = await openEditor(browser, server.url, problems);

    await edit(page, 'health');
    await page.getByText('Expect a report within').waitFor();
    assert.deepEqual(
      [await takes(page, 'proofSeconds', '601'), await takes(page, 'proofSeconds', '0')],
      [false, false],
    );
    assert.deepEqual(
      [await takes(page, 'proofSeconds', ''), await takes(page, 'proofSeconds', '600')],
      [true, true],
    );
    await page.locator('#node-dialog-cancel').click();
    await field(page, 'proofSeconds').waitFor({ state: 'detached' });
    await edit(page, 'lock');
    await page.getByText('then updates go on').waitFor();
    assert.deepEqual(
      [await takes(page, 'longestMinutes', '1441'), await takes(page, 'longestMinutes', '')],
      [false, false],
    );
    assert.equal(await takes(page, 'longestMinutes', '1440'), true);

    await eventually(async () => (await page.locator('.red-ui-flow-node-status-group').count()) >= 2);
    assert.deepEqual(problems, []);
  });

  it('speak German, and say that they do nothing outside Flowyard', async () => {
    const page = await openEditor(browser, server.url, problems, 'de');

    await page.getByText('nur in Flowyard').first().waitFor();
    await edit(page, 'health');
    await page.getByText('Meldung erwartet binnen').waitFor();
    await page.locator('#node-dialog-cancel').click();
    await field(page, 'proofSeconds').waitFor({ state: 'detached' });
    await edit(page, 'lock');
    await page.getByText('dann gehen Updates weiter').waitFor();

    assert.deepEqual(problems, []);
  });
});
