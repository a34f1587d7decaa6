import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { violationsOf } from '../../support/axe.ts';
import { eventually } from '../../support/eventually.ts';
import { buildSnapshotView } from '../../unit/nodes/builders.ts';
import { page as answerPage } from '../nodes/support/fake-platform.ts';
import { openEditor, showTab } from './editor-page.ts';
import { FLOWS, RELEASE_1 } from './flows-data.ts';
import { INSTANCE, SNAPSHOTS } from './platform-data.ts';
import { Sidebar } from './sidebar.ts';

/** What is told is drawn some times a second. */
const DRAWN_WITHIN_MS = 400;

describe('the tab with snapshots', function () {
  this.timeout(60_000);
  let sidebar: Sidebar;

  before(async () => {
    sidebar = await Sidebar.open({ flows: FLOWS });
  });
  after(() => sidebar?.close());
  afterEach(() => assert.deepEqual(sidebar.problems, []));

  const items = (pane: Awaited<ReturnType<typeof showTab>>) => pane.getByRole('listitem');
  const dialog = () => sidebar.page.getByRole('dialog');

  it('lists them with who and what, and marks the one that runs', async () => {
    const pane = await showTab(sidebar.page, 'snapshots');

    await eventually(async () => (await items(pane).count()) === 2);
    assert.match(
      (await items(pane).nth(0).textContent()) ?? '',
      /Faster filling[\s\S]*runs now[\s\S]*ada[\s\S]*2 tabs, 12 nodes/,
    );
    assert.match((await items(pane).nth(1).textContent()) ?? '', /Release 1[\s\S]*by a push/);
  });

  it('has no faults that axe finds in what is ours', async () => {
    await showTab(sidebar.page, 'snapshots');
    const ours = (await violationsOf(sidebar.page, '.flowyard-pane')).filter((found) => found !== '');

    assert.deepEqual(ours, []);
  });

  it('takes one in the name of the person, and the other editor shows it, too', async () => {
    const other = await openEditor(sidebar.browser, sidebar.server.url, sidebar.problems);
    const otherPane = await showTab(other, 'snapshots');
    await eventually(() => sidebar.platform.isSubscribed('application/app001'));
    sidebar.platform.on('POST /instances/inst01/snapshots', ({ body }) => {
      const snapshot = buildSnapshotView({
        id: 'snap03',
        ...(body as object),
        createdAt: '2026-02-01T00:00:00.000Z',
      });
      sidebar.platform.change('application/app001', 'snapshot', 'snap03', snapshot);
      return { status: 201, body: snapshot };
    });
    const pane = await showTab(sidebar.page, 'snapshots');

    await pane.getByRole('button', { name: 'Take a snapshot' }).click();
    await dialog().getByLabel('Name').fill('Before <b>the</b> audit');
    await sidebar.page.keyboard.press('Enter');

    await eventually(async () => (await items(pane).count()) === 3);
    assert.match((await items(pane).first().textContent()) ?? '', /Before <b>the<\/b> audit/);
    assert.deepEqual(sidebar.last('POST')?.body, { name: 'Before <b>the</b> audit' });
    assert.equal(sidebar.last('POST')?.headers['x-flowyard-identity'], 'signed.identity');
    await otherPane.getByText('Before <b>the</b> audit').waitFor();
  });

  it('draws nothing anew beneath a pressed button, which would not be clicked then', async () => {
    const pane = await showTab(sidebar.page, 'snapshots');
    await pane.getByRole('button', { name: 'What to do with Release 1' }).hover();
    await sidebar.page.mouse.down();
    await sidebar.page.evaluate(
      `RED.comms.subscribe('flowyard/change', (topic, { value }) => { window.toldName = value.name; })`,
    );
    const [, first] = SNAPSHOTS;
    const renamed = { ...first, name: 'Release 1.0' };
    sidebar.platform.change('application/app001', 'snapshot', 'snap01', renamed);
    await eventually(async () => (await sidebar.page.evaluate('window.toldName')) === 'Release 1.0');
    await sidebar.page.waitForTimeout(DRAWN_WITHIN_MS);
    assert.equal(await pane.getByText('Release 1.0').count(), 0);

    await sidebar.page.mouse.up();

    await pane.getByText('Release 1.0').waitFor();
    await sidebar.page.locator('.flowyard-menu').waitFor();
    await sidebar.page.keyboard.press('Escape');
    sidebar.platform.change('application/app001', 'snapshot', 'snap01', first);
    await pane.getByText('Release 1', { exact: true }).waitFor();
  });

  it('says in the dialog why one was refused, and keeps what was typed', async () => {
    sidebar.platform.on('POST /instances/inst01/snapshots', () => ({
      status: 409,
      body: { error: { code: 'limit', message: 'The team keeps no more than 50 snapshots.' } },
    }));
    const pane = await showTab(sidebar.page, 'snapshots');

    await pane.getByRole('button', { name: 'Take a snapshot' }).click();
    await dialog().getByLabel('Name').fill('One too many');
    await sidebar.page.keyboard.press('Enter');

    await dialog().getByText('The team keeps no more than 50 snapshots.').waitFor();
    assert.equal(await dialog().getByLabel('Name').inputValue(), 'One too many');
    await sidebar.page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
  });

  it('searches by words and kind, with all that the control plane has', async () => {
    const pane = await showTab(sidebar.page, 'snapshots');
    sidebar.platform.on('GET /instances/inst01/snapshots', () => ({
      status: 200,
      body: answerPage([SNAPSHOTS[1]]),
    }));

    await pane.getByLabel('Search snapshots').fill('release');
    await sidebar.page.keyboard.press('Shift');
    await eventually(async () => (await items(pane).count()) === 1);
    await pane.getByLabel('Kind').selectOption('manual');
    await pane.getByText('No snapshot matches.').waitFor();

    await pane.getByLabel('Kind').selectOption('');
    sidebar.platform.on('GET /instances/inst01/snapshots', () => ({
      status: 200,
      body: answerPage(SNAPSHOTS),
    }));
    await pane.getByLabel('Search snapshots').fill('');
    await sidebar.page.keyboard.press('Shift');
    await eventually(async () => (await items(pane).count()) === 2);
  });

  it('opens its menu by keyboard and gives the focus back', async () => {
    await showTab(sidebar.page, 'snapshots');
    const opener = sidebar.page.getByRole('button', { name: 'What to do with Release 1' });
    await opener.focus();
    await sidebar.page.keyboard.press('Enter');

    await eventually(
      async () =>
        (await sidebar.page.evaluate('document.activeElement.textContent')) === 'Compare with the editor',
    );
    await sidebar.page.keyboard.press('ArrowDown');
    assert.equal(
      await sidebar.page.evaluate('document.activeElement.textContent'),
      'Compare with another snapshot …',
    );
    await sidebar.page.keyboard.press('Escape');

    await eventually(
      async () => (await opener.evaluate((element) => element === document.activeElement)) === true,
    );
  });

  it('asks before it rolls back', async () => {
    sidebar.platform.on('POST /instances/inst01/rollback', () => ({
      status: 202,
      body: { instance: {}, safetySnapshot: {} },
    }));
    await showTab(sidebar.page, 'snapshots');

    await sidebar.choose('Release 1', 'Roll back …');
    await sidebar.page.getByRole('alertdialog').waitFor();
    await sidebar.page.keyboard.press('Escape');
    await sidebar.page.getByRole('alertdialog').waitFor({ state: 'detached' });
    assert.notEqual(sidebar.last('POST')?.path, '/instances/inst01/rollback');
    await sidebar.choose('Release 1', 'Roll back …');
    await sidebar.answer('Roll back');

    await eventually(() => sidebar.last('POST')?.path === '/instances/inst01/rollback');
    assert.deepEqual(sidebar.last('POST')?.body, { snapshotId: 'snap01' });
  });

  it('makes one the target of devices, and none', async () => {
    let target: { id: string; name: string } | null = INSTANCE.targetSnapshot;
    sidebar.platform
      .on('PUT /instances/inst01/target-snapshot', ({ body }) => {
        const { snapshotId } = body as { snapshotId: string | null };
        target = snapshotId === null ? null : { id: snapshotId, name: snapshotId };
        return { status: 200, body };
      })
      .on('GET /instances/inst01', () => ({ status: 200, body: { ...INSTANCE, targetSnapshot: target } }));
    const pane = await showTab(sidebar.page, 'snapshots');

    await sidebar.choose('Faster filling', 'Set as target for devices …');
    await sidebar.answer('Set as target');
    await items(pane).nth(0).getByText('for devices').waitFor();
    await sidebar.choose('Faster filling', 'No longer the target for devices …');
    await sidebar.answer('Remove the target');

    await eventually(async () => (await pane.getByText('for devices').count()) === 0);
    assert.deepEqual(sidebar.last('PUT')?.body, { snapshotId: null });
  });

  it('renames, and says what stands against deleting', async () => {
    sidebar.platform
      .on('PATCH /snapshots/snap01', ({ body }) => ({
        status: 200,
        body: { ...SNAPSHOTS[1], ...(body as object) },
      }))
      .on('DELETE /snapshots/snap01', () => ({
        status: 409,
        body: { error: { code: 'in_use', message: 'It is the target of the group “Fillers”.' } },
      }));
    const pane = await showTab(sidebar.page, 'snapshots');

    await sidebar.choose('Release 1', 'Rename …');
    await dialog().getByLabel('Name').fill('Release One');
    await dialog().getByRole('button', { name: 'Save' }).click();
    await pane.getByText('Release One').waitFor();
    await sidebar.choose('Release One', 'Delete …');
    await sidebar.answer('Delete');

    await sidebar.page.getByText('It is the target of the group “Fillers”.').waitFor();
    sidebar.platform.on('DELETE /snapshots/snap01', () => ({ status: 204, body: null }));
    await sidebar.choose('Release One', 'Delete …');
    await sidebar.answer('Delete');
    await eventually(async () => (await items(pane).count()) === 1);
  });

  it('downloads the parts that are chosen, credentials only with a secret', async () => {
    sidebar.platform.on('POST /snapshots/snap02/export', ({ body }) => ({
      status: 200,
      body: { format: 'flowyard-snapshot', asked: body },
    }));
    await showTab(sidebar.page, 'snapshots');
    await sidebar.choose('Faster filling', 'Download …');
    await dialog().getByLabel('Credentials').check();
    await dialog().getByLabel('Settings').uncheck();
    await dialog().getByLabel('Secret', { exact: true }).fill('correct horse');

    const [file] = await Promise.all([
      sidebar.page.waitForEvent('download'),
      dialog().getByRole('button', { name: 'Download' }).click(),
    ]);

    assert.equal(file.suggestedFilename(), 'Faster-filling.snapshot.json');
    const content = JSON.parse(await readFile(await file.path(), 'utf8')) as { asked: unknown };
    assert.deepEqual(content.asked, {
      parts: ['flows', 'credentials', 'variables', 'modules'],
      credentialSecret: 'correct horse',
    });
  });

  it('uploads a file, and tells what was left out', async () => {
    sidebar.platform.on('POST /instances/inst01/snapshots/import', ({ body }) => ({
      status: 201,
      body: {
        snapshot: buildSnapshotView({ id: 'snap09', name: (body as { name: string }).name, kind: 'import' }),
        leftOut: ['settings of another platform'],
      },
    }));
    const file = {
      name: 'From <i>elsewhere</i>',
      flows: { flows: RELEASE_1, credentials: { $: 'abcdef' } },
      settings: { modules: { 'node-red-x': '1.0.0' }, env: {} },
    };
    const pane = await showTab(sidebar.page, 'snapshots');
    await pane.getByRole('button', { name: 'Upload' }).click();
    const upload = dialog().getByRole('button', { name: 'Upload' });
    assert.equal(await upload.isDisabled(), true);

    await dialog()
      .getByLabel('Choose a file')
      .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{') });
    await dialog().getByText('This file is not JSON').waitFor();
    await dialog()
      .getByLabel('Choose a file')
      .setInputFiles({
        name: 'x.json',
        mimeType: 'application/json',
        buffer: Buffer.from(JSON.stringify(file)),
      });
    await dialog().getByText('node-red-x 1.0.0').waitFor();
    await dialog().getByLabel('Secret of the credentials').fill('sesame');
    await upload.click();

    await sidebar.page.getByText('Left out: settings of another platform.').waitFor();
    await pane.getByText('From <i>elsewhere</i>').waitFor();
    const { name, credentialSecret } = (sidebar.last('POST')?.body ?? {}) as Record<string, unknown>;
    assert.deepEqual([name, credentialSecret], ['From <i>elsewhere</i>', 'sesame']);
  });

  it('is found in the list of actions and in the menu', async () => {
    await sidebar.page.evaluate(`RED.actions.invoke('core:show-action-list')`);
    await sidebar.page.keyboard.type('newest snapshot');
    await sidebar.page.locator('.red-ui-search').getByText('Compare with the newest snapshot').waitFor();
    await sidebar.page.keyboard.press('Escape');

    const labels = await sidebar.page
      .locator('#menu-item-flowyard-submenu .red-ui-menu-label')
      .allTextContents();
    assert.equal(labels.length, 10);
    assert.match(labels.join('\n'), /Take a snapshotalt-y t/);
  });
});

describe('the tab with snapshots for somebody who may only read', function () {
  this.timeout(60_000);

  for (const place of [{ FLOWYARD_INSTANCE_ID: 'inst01' }, { FLOWYARD_DEVICE_ID: 'dev001' }]) {
    it(`shows all and offers nothing that changes something, by ${Object.keys(place)}`, async () => {
      const sidebar = await Sidebar.open({
        flows: FLOWS,
        settings: { adminAuth: { type: 'credentials', users: [], default: { permissions: 'read' } } },
        place,
      });
      try {
        const pane = await showTab(sidebar.page, 'snapshots');
        await pane.getByText('You may look, but change nothing here.').waitFor();
        assert.equal(await pane.getByRole('button', { name: 'Take a snapshot' }).count(), 0);

        await sidebar.page.getByRole('button', { name: 'What to do with Release 1' }).click();

        const entries = sidebar.page.locator('.flowyard-menu a');
        await entries.first().waitFor();
        assert.deepEqual(await entries.allTextContents(), [
          'Compare with the editor',
          'Compare with another snapshot …',
        ]);
        assert.deepEqual(sidebar.problems, []);
      } finally {
        await sidebar.close();
      }
    });
  }
});

describe('the tab with snapshots in the editor of a device', function () {
  this.timeout(60_000);

  it('is about the device: no roll back past the editor, and its own target', async () => {
    const sidebar = await Sidebar.open({ flows: FLOWS, place: { FLOWYARD_DEVICE_ID: 'dev001' } });
    try {
      const pane = await showTab(sidebar.page, 'snapshots');
      await pane.getByText('target', { exact: true }).waitFor();

      await sidebar.page.getByRole('button', { name: 'What to do with Faster filling' }).click();
      const entries = sidebar.page.locator('.flowyard-menu a');
      await entries.first().waitFor();
      const labels = await entries.allTextContents();

      assert.equal(labels.includes('Roll back …'), false);
      assert.equal(labels.includes('Restore and deploy …'), true);
      assert.equal(labels.includes('Set as target of this device …'), true);
      assert.deepEqual(sidebar.problems, []);
    } finally {
      await sidebar.close();
    }
  });
});
