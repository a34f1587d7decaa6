import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { buildDevice } from '../../unit/nodes/builders.ts';
import { FakePlatform, TOKEN } from '../nodes/support/fake-platform.ts';
import { EditorServer, openEditor, showTab } from './editor-page.ts';
import { buildDeployment, furnish, PIPELINE } from './platform-data.ts';

describe("the sidebar in Node-RED's editor", function () {
  this.timeout(60_000);
  let platform: FakePlatform;
  let server: EditorServer;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  before(async () => {
    platform = furnish(await new FakePlatform().start());
    server = await EditorServer.start({
      FLOWYARD_URL: platform.url,
      FLOWYARD_TOKEN: TOKEN,
      FLOWYARD_INSTANCE_ID: 'inst01',
    });
    browser = await launchBrowser();
    page = await openEditor(browser, server.url, problems);
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
    await platform?.stop();
  });

  afterEach(() => {
    assert.deepEqual(problems, []);
  });

  const lastPost = () => platform.requests.findLast(({ method }) => method === 'POST');
  /** Answers the question that is asked, and waits until it is gone. */
  async function answer(name: string): Promise<void> {
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('button', { name, exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  it('shows the pipelines of this instance, what runs in each stage, and pushes', async () => {
    platform.on('POST /stages/stage0/deploy', () => ({
      status: 202,
      body: { deployment: buildDeployment() },
    }));
    const pane = await showTab(page, 'pipeline');
    await pane.getByText('To production').waitFor();
    assert.equal(await pane.getByText('Not ours').count(), 0);
    assert.match(
      (await pane.textContent()) ?? '',
      /Development[\s\S]*this instance[\s\S]*changed since its last snapshot/,
    );
    assert.match((await pane.textContent()) ?? '', /Production[\s\S]*owners only[\s\S]*Release 1/);
    assert.match((await pane.textContent()) ?? '', /1 of 2 devices run it, 2 online/);

    await pane.getByRole('button', { name: 'Push from Development to Production' }).click();
    await answer('Push');

    await eventually(() => lastPost()?.path === '/stages/stage0/deploy');
  });

  it('lets a stage that asks choose among its own snapshots', async () => {
    platform.on('POST /stages/stage1/deploy', () => ({
      status: 202,
      body: { deployment: buildDeployment() },
    }));
    const pane = await showTab(page, 'pipeline');

    await pane.getByRole('button', { name: 'Push from Production to Line 1' }).click();
    await page.getByLabel('Snapshot', { exact: true }).selectOption({ label: 'Release 1' });
    await answer('Push');

    await eventually(() => lastPost()?.path === '/stages/stage1/deploy');
    assert.deepEqual(lastPost()?.body, { snapshotId: 'snap01' });
  });

  it('follows the progress of a push', async () => {
    const pane = await showTab(page, 'pipeline');
    await eventually(() => platform.isSubscribed('application/app001'));

    platform.change('application/app001', 'deployment', 'depl01', buildDeployment());
    await pane.getByRole('progressbar', { name: '1 of 2' }).waitFor();
    assert.ok(await pane.getByRole('button', { name: 'Push from Development' }).isDisabled());
    const targets = buildDeployment().targets.map((target) =>
      target.state === 'updating' ? { ...target, state: 'failed' as const, reason: 'No space.' } : target,
    );
    const message = 'One of two devices did not take it.';
    platform.change(
      'application/app001',
      'deployment',
      'depl01',
      buildDeployment({ state: 'failed', message, targets }),
    );

    await pane.getByText('Capper: No space.').waitFor();
    platform.change('application/app001', 'pipeline', 'pipe01', { ...PIPELINE, name: 'Renamed' });
    await pane.getByText('Renamed').waitFor();
  });

  it('shows devices with what they run and should run, live', async () => {
    const pane = await showTab(page, 'devices');
    await pane.getByText('Capper').waitFor();
    assert.match(
      (await pane.textContent()) ?? '',
      /Run what this instance gives them[\s\S]*Labeller[\s\S]*Group Fillers/,
    );
    assert.match(
      (await pane.textContent()) ?? '',
      /Capper[\s\S]*drift[\s\S]*runs Release 0[\s\S]*should run Release 1/,
    );

    await pane.getByText('The module node-red-x is not in the registry.').click();
    platform.change(
      'application/app001',
      'device',
      'dev001',
      buildDevice({ status: 'crashed', reason: 'Boom.' }),
    );

    await pane.getByText('Boom.').waitFor();
    assert.ok(await pane.getByText('[info] Started flows').isVisible(), 'what was opened stays open');
    await pane.getByLabel('Filter').fill('labeller');
    assert.equal(await pane.getByRole('listitem').count(), 1);
    await pane.getByLabel('Filter').fill('');
  });

  it('says that it lost the connection and reads everything anew when it is back', async () => {
    const pane = await showTab(page, 'devices');

    await platform.stop();
    await pane.getByText('The connection to Flowyard is lost').waitFor();
    const before = platform.requests.length;
    await platform.start();

    await eventually(() => platform.requests.slice(before).some(({ path }) => path.endsWith('/devices')), {
      withinMs: 20_000,
    });
    await eventually(async () => (await pane.getByText('The connection to Flowyard is lost').count()) === 0);
  });

  it('speaks German where the editor does', async () => {
    const german = await openEditor(browser, server.url, problems, 'de');

    const pane = await showTab(german, 'snapshots');

    await pane.getByRole('button', { name: 'Schnappschuss machen' }).waitFor();
  });

  it('says who it does not know when somebody came around the proxy', async () => {
    const unknown = await openEditor(browser, server.url, problems, 'en-US', null);

    const pane = await showTab(unknown, 'snapshots');

    await pane.getByText('Flowyard does not know who you are').waitFor();
    assert.equal(await pane.getByRole('button').count(), 0);
  });
});
