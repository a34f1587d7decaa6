import assert from 'node:assert/strict';
import { violationsOf } from '../../support/axe.ts';
import { eventually } from '../../support/eventually.ts';
import { buildDevice } from '../../unit/nodes/builders.ts';
import { page as answerPage } from '../nodes/support/fake-platform.ts';
import { openEditor, showTab } from './editor-page.ts';
import { Sidebar } from './sidebar.ts';

const TIME = '2026-01-01T00:00:00.000Z';

describe('the tab with devices', function () {
  this.timeout(60_000);
  let sidebar: Sidebar;

  before(async () => {
    sidebar = await Sidebar.open();
  });
  after(() => sidebar?.close());
  afterEach(() => assert.deepEqual(sidebar.problems, []));

  it('shows those that this instance feeds first, with what they run and should run, live', async () => {
    const pane = await showTab(sidebar.page, 'devices');
    await pane.getByText('Capper').waitFor();
    const text = (await pane.textContent()) ?? '';
    assert.match(text, /Run what this instance gives them[\s\S]*Labeller[\s\S]*Group Fillers/);
    assert.match(text, /Capper[\s\S]*drift[\s\S]*runs Release 0[\s\S]*should run Release 1/);

    await pane.getByText('The module node-red-x is not in the registry.').click();
    await eventually(() => sidebar.platform.isSubscribed('application/app001'));
    sidebar.platform.change(
      'application/app001',
      'device',
      'dev001',
      buildDevice({ status: 'crashed', reason: 'Boom.' }),
    );

    await pane.getByText('Boom.').waitFor();
    assert.ok(await pane.getByText('[info] Started flows').isVisible(), 'what was opened stays open');
    assert.deepEqual(await violationsOf(sidebar.page, '.flowyard-pane'), []);
  });

  it('filters by words, and by status with chips that count', async () => {
    const pane = await showTab(sidebar.page, 'devices');

    await pane.getByRole('button', { name: '1 drift' }).click();
    await eventually(async () => (await pane.getByRole('listitem').count()) === 1);
    await pane.getByText('Capper').waitFor();
    await pane.getByRole('button', { name: '1 drift', pressed: true }).click();
    await pane.getByLabel('Search devices').fill('labeller');
    await sidebar.page.keyboard.press('Shift');

    await eventually(async () => (await pane.getByRole('listitem').count()) === 1);
    await pane.getByRole('button', { name: '1 offline' }).waitFor();
    await pane.getByLabel('Search devices').fill('');
    await sidebar.page.keyboard.press('Shift');
    await eventually(async () => (await pane.getByRole('listitem').count()) === 3);
  });

  it('shows the log of a device and follows it, as text', async () => {
    const lines = [{ at: TIME, level: 'info', text: '<img src=x onerror="window.hacked=1">' }];
    sidebar.platform.on('GET /devices/dev002/logs', () => ({ status: 200, body: { items: lines } }));
    await showTab(sidebar.page, 'devices');

    await sidebar.choose('Capper', 'Log …');
    const log = sidebar.page.getByRole('log', { name: 'Log of Capper' });
    await log.getByText('<img src=x onerror="window.hacked=1">').waitFor();
    lines.push({ at: TIME, level: 'error', text: 'Valve 3 does not answer' });

    await log.getByText('Valve 3 does not answer').waitFor();
    await sidebar.page.keyboard.press('Escape');
    await log.waitFor({ state: 'detached' });
    const asked = () => sidebar.platform.requests.filter(({ path }) => path.endsWith('/logs')).length;
    const before = asked();
    await sidebar.page.waitForTimeout(4000);
    assert.equal(asked(), before, 'nobody looks any more');
    assert.equal(await sidebar.page.evaluate('window.hacked'), undefined);
  });

  it('opens the editor of a device in developer mode, and the page of any', async () => {
    const developer = {
      since: TIME,
      until: null,
      by: 'ada',
      edited: false,
      url: 'http://dev001.example/',
      editors: [],
    };
    await showTab(sidebar.page, 'devices');
    await sidebar.page.evaluate('window.opened = []; window.open = (url) => window.opened.push(url)');
    sidebar.platform.change(
      'application/app001',
      'device',
      'dev001',
      buildDevice({ developer, mode: 'developer' }),
    );
    await sidebar.page.getByText('developer mode').waitFor();

    const opened = () => sidebar.page.evaluate('window.opened') as Promise<string[]>;
    await sidebar.choose('Filler 3', 'Open its editor');
    await eventually(async () => (await opened()).length === 1);
    await sidebar.choose('Capper', 'Open its page in Flowyard');
    await eventually(async () => (await opened()).length === 2);
    assert.deepEqual(await opened(), ['http://dev001.example/', `${sidebar.platform.url}/devices/dev002`]);
  });

  it('stays usable with five thousand, of which it draws what is asked for', async () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      buildDevice({
        id: `many${index}`,
        name: `Device ${index}`,
        deviceGroup: { id: `grp0${index % 3}`, name: `Group ${index % 3}` },
      }),
    );
    sidebar.platform.on('GET /applications/app001/devices', () => ({ status: 200, body: answerPage(many) }));
    const page = await openEditor(sidebar.browser, sidebar.server.url, sidebar.problems);
    const pane = await showTab(page, 'devices');

    await pane.getByRole('button', { name: '5000 running' }).waitFor();
    assert.equal(await pane.getByRole('listitem').count(), 150);
    await pane
      .getByRole('button', { name: /Show more/ })
      .first()
      .click();
    await eventually(async () => (await pane.getByRole('listitem').count()) === 250);
    await pane.getByLabel('Search devices').fill('device 4999');
    await page.keyboard.press('Shift');
    await eventually(async () => (await pane.getByRole('listitem').count()) === 1);
  });

  it('says what a device is for when there is none', async () => {
    sidebar.platform.on('GET /applications/app001/devices', () => ({ status: 200, body: answerPage([]) }));
    const page = await openEditor(sidebar.browser, sidebar.server.url, sidebar.problems);

    const pane = await showTab(page, 'devices');

    await pane.getByText('No devices yet').waitFor();
  });
});
