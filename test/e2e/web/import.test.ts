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
});
