import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../support/browser.ts';
import { eventually } from '../../support/eventually.ts';
import { buildDevice } from '../../unit/nodes/builders.ts';
import { FakePlatform, page as pageOf, TOKEN } from '../nodes/support/fake-platform.ts';
import { EditorServer, openEditor, showTab } from './editor-page.ts';
import { DEVICES, furnish } from './platform-data.ts';

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

  it('says that it lost the connection and reads everything anew when it is back', async () => {
    const pane = await showTab(page, 'devices');
    await pane.getByText('Capper').waitFor();
    await eventually(() => platform.isSubscribed('application/app001'));

    await platform.stop();
    await pane.getByText('The connection to Flowyard is lost').waitFor();
    const before = platform.requests.length;
    await platform.start();

    await eventually(() => platform.requests.slice(before).some(({ path }) => path.endsWith('/devices')), {
      withinMs: 20_000,
    });
    await eventually(async () => (await pane.getByText('The connection to Flowyard is lost').count()) === 0);
  });

  it('shows what changed while it was still connecting', async () => {
    const late = furnish(await new FakePlatform().start());
    const connect = late.holdLinks();
    const environment = { FLOWYARD_URL: late.url, FLOWYARD_TOKEN: TOKEN, FLOWYARD_INSTANCE_ID: 'inst01' };
    const connecting = await EditorServer.start(environment);
    try {
      const editor = await openEditor(browser, connecting.url, problems);
      const pane = await showTab(editor, 'devices');
      await pane.getByText('Capper').waitFor();
      // Nobody is told of it any more.
      const devices = pageOf([...DEVICES, buildDevice({ id: 'dev009', name: 'Latecomer' })]);
      late.on('GET /applications/app001/devices', () => ({ status: 200, body: devices }));
      connect();

      await pane.getByText('Latecomer').waitFor();
      // What else is shown is read again, too.
      await delay(500);
      const asked = late.requests.length;
      late.setValue('application/app001', { id: 'app001', name: 'Bottling hall' });
      await delay(300);
      assert.equal(late.requests.length, asked, 'another name of the application is no reason to read');
      await editor.goto('about:blank');
    } finally {
      connect();
      await connecting.stop();
      await late.stop();
    }
  });

  it('says for each tab that it could not be read, and tries again when it is told to', async () => {
    const tabs = [
      ['snapshots', '/instances/inst01/snapshots', 'Faster filling'],
      ['pipeline', '/applications/app001/pipelines', 'To production'],
      ['devices', '/applications/app001/devices', 'Capper'],
    ] as const;
    const error = { code: 'busy', message: 'The database is busy.' };
    for (const [, path] of tabs) {
      platform.on(`GET ${path}`, () => ({ status: 503, body: { error } }));
    }
    const other = await openEditor(browser, server.url, problems);
    for (const [tab] of tabs) {
      const pane = await showTab(other, tab);
      await pane.getByText('The database is busy.').waitFor();
    }
    furnish(platform);

    for (const [tab, , words] of tabs) {
      const pane = await showTab(other, tab);
      await pane.getByRole('button', { name: 'Try again' }).click();
      await pane.getByText(words).first().waitFor();
    }
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
