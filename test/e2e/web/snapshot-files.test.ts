import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { answeringFlow, buildApplication, buildInstance } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

const FIXTURES = join(import.meta.dirname, '../../support/fixtures/snapshots');

describe('Snapshot files on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
    const { applicationId } = await buildApplication(cp);
    const { id } = await buildInstance(cp, applicationId, { flows: answeringFlow('one') });
    await cp.admin.call('createInstanceSnapshot', { params: { id }, body: { name: 'Release 1' } });
    await open.page.goto(`${cp.url}/instances/${id}/snapshots`);
    await signInOnPage(open.page);
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  it('are downloaded with the parts that were chosen', async () => {
    const { page } = open;
    await page.getByLabel('Actions on the snapshot Release 1').click();
    await page.getByText('Download', { exact: true }).click();
    await page.getByLabel('Settings, without secrets').uncheck();
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download', exact: true }).click();

    const download = await downloading;
    assert.equal(download.suggestedFilename(), 'Release-1.snapshot.json');
    const file = JSON.parse(readFileSync(await download.path(), 'utf8'));
    assert.equal(file.format, 'flowyard-snapshot');
    assert.equal(file.flows.length, 4);
    assert.equal(file.settings, undefined);
  });

  it('say what is in them before they are uploaded, and that the secret is wrong', async () => {
    const { page } = open;
    await page.locator('[data-test="upload-snapshot"]').click();
    await page.locator('[data-test="snapshot-file"]').setInputFiles(join(FIXTURES, 'flowfuse-instance.json'));
    const found = page.locator('[data-test="snapshot-found"]');
    await found.getByText('FlowFuse', { exact: true }).waitFor();
    await found.getByText('1 flow with 4 nodes').waitFor();

    await page.getByLabel('Secret of the credentials').fill('wrong');
    await page.getByRole('button', { name: 'Upload', exact: true }).last().click();
    await page
      .getByText(/does not open these credentials/)
      .first()
      .waitFor();
    await page.getByLabel('Secret of the credentials').fill('moved with care');
    await page.getByRole('button', { name: 'Upload', exact: true }).last().click();

    await page.getByRole('link', { name: 'Release 7' }).waitFor();
    await page.getByText(/Left out: the variable OLD-NAME/).waitFor();
  });

  it('are refused at once when they are something else', async () => {
    const { page } = open;
    await page.locator('[data-test="upload-snapshot"]').click();
    await page
      .locator('[data-test="snapshot-file"]')
      .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('[]') });

    await page.getByText('This file is no snapshot of Flowyard or FlowFuse.').waitFor();
    const unexpected = open.complaints.filter((text) => !/status of 422/.test(text));
    assert.deepEqual(unexpected, []);
  });
});
