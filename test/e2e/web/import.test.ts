import assert from 'node:assert/strict';
import { encryptCredentials } from '../../../control-plane/src/secrets/flow-credentials.ts';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { answeringFlow, buildApplication } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('Importing a Node-RED on the page', function () {
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

  it('shows what was found, asks for the secret, and ends at the running instance', async () => {
    const { applicationId } = await buildApplication(cp);
    const { page } = open;
    const file = (name: string, content: unknown) => ({
      name,
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(content)),
    });
    await page.goto(`${cp.url}/applications/${applicationId}/instances`);
    await signInOnPage(page);
    await page
      .locator('[data-test=import-instance]')
      .or(page.getByRole('button', { name: 'Import a Node-RED' }))
      .first()
      .click();

    await page
      .locator('[data-test=import-files]')
      .setInputFiles([
        file('flows.json', [
          ...answeringFlow('x'),
          { id: 'h', type: 'http request', z: 'tab1', wires: [[]], x: 1, y: 1 },
        ]),
        file('flows_cred.json', encryptCredentials('its own secret', { h: { user: 'plc', password: 'x' } })),
        file('package.json', { dependencies: { mine: 'file:../mine' } }),
      ]);
    await page
      .locator('[data-test=import-found]')
      .getByText('1 flow with 4 nodes, from flows.json')
      .waitFor();
    await page.locator('[data-test=import-found]').getByText('mine (file:../mine)').waitFor();
    await page.locator('[data-test=name] input').fill('old-line');
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.getByText('is needed: the credentials are encrypted').first().waitFor();
    await page.locator('[data-test=import-secret] input').fill('its own secret');
    await page.getByRole('dialog').locator('[data-test=submit]').click();

    await page.getByRole('heading', { name: 'old-line' }).waitFor();
    await page.locator('[data-test=state]').getByText('running').waitFor();
    assert.deepEqual(
      open.complaints.filter((text) => !text.includes('422')),
      [],
    );
  });

  it('takes the lock file along, and the list of snapshots says where one has none', async () => {
    const { applicationId } = await buildApplication(cp);
    const { page } = open;
    const modules = { 'node-red-node-random': '0.4.1' };
    const lock = {
      packages: { '': { dependencies: modules }, 'node_modules/node-red-node-random': { version: '0.4.1' } },
    };
    const file = (name: string, content: unknown) => ({
      name,
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(content)),
    });
    await page.goto(`${cp.url}/applications/${applicationId}/instances`);
    await page.getByRole('button', { name: 'Import a Node-RED' }).first().click();

    await page
      .locator('[data-test=import-files]')
      .setInputFiles([
        file('flows.json', answeringFlow('x')),
        file('package.json', { dependencies: modules }),
        file('package-lock.json', lock),
      ]);
    await page.locator('[data-test=import-found]').getByText('found: what the modules need').waitFor();
    await page.locator('[data-test=name] input').fill('locked-line');
    await page.getByLabel('Start it at once').uncheck();
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.getByRole('heading', { name: 'locked-line' }).waitFor();
    const { items } = await cp.admin.call('listInstances', { params: { id: applicationId } });
    const id = items[0]?.id ?? '';
    const taken = await cp.admin.call('createInstanceSnapshot', { params: { id }, body: { name: 'Locked' } });
    assert.equal(taken.lockProblem, null);

    const other = await cp.admin.call('importInstance', {
      params: { id: applicationId },
      body: { name: 'unlocked-line', flows: answeringFlow('x'), modules, start: false },
    });
    await cp.admin.call('createInstanceSnapshot', { params: { id: other.id }, body: { name: 'As it is' } });
    await page.goto(`${cp.url}/instances/${other.id}/snapshots`);
    await page.getByText('No lock file').click();
    await page.getByText('not installed yet. Start it. Then take another snapshot.').waitFor();
  });
});
