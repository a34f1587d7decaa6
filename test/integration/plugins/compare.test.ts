import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import { flowsInEditor, showTab } from './editor-page.ts';
import { FLOWS, RELEASE_1 } from './flows-data.ts';
import { buildDryRun } from './platform-data.ts';
import { Sidebar } from './sidebar.ts';

describe('a comparison in the editor', function () {
  this.timeout(60_000);
  let sidebar: Sidebar;

  before(async () => {
    sidebar = await Sidebar.open({ flows: FLOWS });
    sidebar.platform
      .on('GET /snapshots/snap01/flows', () => ({ status: 200, body: { flows: RELEASE_1 } }))
      .on('GET /snapshots/snap02/flows', () => ({ status: 200, body: { flows: FLOWS } }));
  });
  after(() => sidebar?.close());
  afterEach(() => assert.deepEqual(sidebar.problems, []));

  const isDirty = () => sidebar.page.evaluate('RED.nodes.dirty()');
  const panel = () => sidebar.page.getByRole('region', { name: 'Comparison' });

  async function compare(snapshot: string): Promise<void> {
    await showTab(sidebar.page, 'snapshots');
    await sidebar.choose(snapshot, 'Compare with the editor');
    await panel().waitFor();
  }

  it('finds nothing in flows that nobody touched, whatever is in them', async () => {
    await compare('Faster filling');

    await panel().getByText('Nothing differs.').waitFor();
  });

  it('counts and lists what differs by flow, and marks nodes and tabs on the canvas', async () => {
    await compare('Release 1');

    for (const words of ['1 added', '2 changed', '1 moved', '1 removed']) {
      await panel().getByText(words).waitFor();
    }
    const marks = sidebar.page.locator('#red-ui-workspace-chart');
    await marks.locator('.flowyard-mark-changed:visible').waitFor();
    assert.equal(await marks.locator('.flowyard-mark-moved:visible').count(), 1);
    assert.equal(await sidebar.page.locator('.flowyard-tab').count(), 2);
    assert.equal(await sidebar.page.locator('#red-ui-tab-tab1').getAttribute('data-flowyard-changes'), '2');
    assert.equal(await isDirty(), false);
  });

  it('goes from one to the next by keys and shows each on the canvas', async () => {
    await sidebar.page.locator('#red-ui-workspace-chart').click({ position: { x: 5, y: 400 } });
    for (let at = 1; at <= 5; at++) {
      await sidebar.page.keyboard.press('Alt+y');
      await sidebar.page.keyboard.press('n');
      await panel().getByText(`${at} of 5`).waitFor();
    }
    assert.equal(await sidebar.page.evaluate('RED.workspaces.active()'), 'tab2');

    await sidebar.page.keyboard.press('Alt+y');
    await sidebar.page.keyboard.press('n');

    await panel().getByText('1 of 5').waitFor();
    await eventually(async () => (await sidebar.page.evaluate('RED.workspaces.active()')) === 'tab1');
  });

  it('goes to a change that is clicked; what was removed shows the flow where it was', async () => {
    await panel().getByText('report log').click();

    await eventually(async () => (await sidebar.page.evaluate('RED.workspaces.active()')) === 'tab2');
    assert.equal(await sidebar.page.locator('.flowyard-mark-added:visible').count(), 1);
  });

  it('shows properties line by line in a tray', async () => {
    await panel().getByRole('button', { name: 'Details' }).click();
    const tray = sidebar.page.getByRole('region', { name: 'Compare', exact: true });
    await tray.getByText('open valve').click();

    await tray.getByText('const b = 2;').waitFor();
    const text = (await tray.locator('.flowyard-line-after').allTextContents()).join('\n');
    assert.match(text, /\+const b = 2;[\s\S]*\+msg\.payload = a \+ b;/);
    await tray.locator('summary', { hasText: 'page' }).click();
    await tray.getByText('{{payload}} ml').waitFor();
    await sidebar.page.getByRole('button', { name: 'Close', exact: true }).click();
    await tray.waitFor({ state: 'detached' });
  });

  it('follows what is changed in the editor meanwhile', async () => {
    await sidebar.page.evaluate(
      `RED.nodes.add({ id: 'new2', type: 'comment', z: 'tab1', name: 'note', info: '', x: 300, y: 340, w: 100, h: 30, _def: RED.nodes.getType('comment'), inputs: 0, outputs: 0, changed: true })`,
    );

    await panel().getByText('note').waitFor();
  });

  it('takes all marks away when it ends, and has changed nothing', async () => {
    await sidebar.page.evaluate(`RED.nodes.remove('new2'); RED.nodes.dirty(false)`);

    await panel().getByRole('button', { name: 'End compare' }).click();

    await panel().waitFor({ state: 'hidden' });
    await eventually(async () => (await sidebar.page.locator('.flowyard-mark:visible').count()) === 0);
    assert.equal(await sidebar.page.locator('.flowyard-tab').count(), 0);
    assert.equal(await sidebar.page.locator('[class*="flowyard-node-"]').count(), 0);
    assert.equal((await flowsInEditor(sidebar.page)).size, FLOWS.length);
    assert.equal(await isDirty(), false);
  });

  it('goes through many flows, of which the list makes only what is looked at', async () => {
    const many = Array.from({ length: 6 }, (_, flow) => [
      { id: `more${flow}`, type: 'tab', label: `More ${flow}` },
      ...Array.from({ length: 130 }, (_, at) => ({
        id: `note${flow}x${at}`,
        type: 'comment',
        z: `more${flow}`,
        name: `note ${at} of ${flow}`,
        info: '',
        x: 100,
        y: 40 + at * 40,
        wires: [],
      })),
    ]).flat();
    sidebar.platform.on('GET /snapshots/snap01/flows', () => ({
      status: 200,
      body: { flows: [...FLOWS, ...many] },
    }));
    await compare('Release 1');
    await panel().getByText('786 removed').waitFor();

    await sidebar.page.evaluate(`RED.actions.invoke('flowyard:compare-previous')`);

    await panel().getByText('786 of 786').waitFor();
    await panel().locator('.red-ui-treeList-label.selected', { hasText: 'note 129 of 5' }).waitFor();
    await panel().getByRole('button', { name: 'End compare' }).click();
  });

  it('shows everything that differs between two snapshots, the older first', async () => {
    const { comparison } = buildDryRun();
    sidebar.platform.on('GET /snapshots/snap01/diff/snap02', () => ({
      status: 200,
      body: {
        ...comparison,
        flows: { counts: { added: 0, changed: 0, removed: 0, moved: 0 }, flows: [], tabsReordered: false },
        variables: [{ name: 'LIMIT', change: 'added', before: null, after: { value: '', secret: false } }],
      },
    }));

    await sidebar.choose('Release 1', 'Compare with another snapshot …');
    await sidebar.page.getByRole('dialog').getByRole('button', { name: 'Compare' }).click();

    const tray = sidebar.page.getByRole('region', { name: 'Compare', exact: true });
    await tray.getByText('node-red-x: none → 1.2.0').waitFor();
    await tray.getByText('LIMIT is new').waitFor();
    await tray.getByText('− Release 1').waitFor();
  });
});
