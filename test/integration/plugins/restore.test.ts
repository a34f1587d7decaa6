import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import { flowsInEditor, openEditor, showTab } from './editor-page.ts';
import { FLOWS, RELEASE_1 } from './flows-data.ts';
import { Sidebar } from './sidebar.ts';

describe('restoring into the workspace', function () {
  this.timeout(60_000);
  let sidebar: Sidebar;

  before(async () => {
    sidebar = await Sidebar.open({ flows: FLOWS });
    sidebar.platform.on('GET /snapshots/snap01/flows', () => ({ status: 200, body: { flows: RELEASE_1 } }));
  });
  after(() => sidebar?.close());
  afterEach(() => assert.deepEqual(sidebar.problems, []));

  const isDirty = () => sidebar.page.evaluate('RED.nodes.dirty()');
  const dialog = () => sidebar.page.getByRole('alertdialog');
  const deployed = async () =>
    (await (await fetch(new URL('flows', sidebar.server.url))).json()) as { id: string }[];

  async function ask(): Promise<void> {
    await showTab(sidebar.page, 'snapshots');
    await sidebar.choose('Release 1', 'Restore into the workspace …');
    await dialog().waitFor();
  }

  it('asks first, with what will change, and changes nothing when it is declined', async () => {
    await ask();
    const words = (await dialog().textContent()) ?? '';

    assert.match(words, /1 added, 2 changed, 1 moved, 1 removed/);
    assert.match(words, /nodes that are deployed now keep theirs/);
    assert.doesNotMatch(words, /not deployed\. They go/);
    await sidebar.answer('Cancel');
    assert.equal((await flowsInEditor(sidebar.page)).has('out1'), true);
    assert.equal(await isDirty(), false);
  });

  it('puts the flows in as one change that undo takes back, and redo makes again', async () => {
    const before = await flowsInEditor(sidebar.page);
    await ask();
    await sidebar.answer('Restore');
    await sidebar.page.getByText('Restored: Release 1').waitFor();

    const restored = await flowsInEditor(sidebar.page);
    assert.equal(restored.get('fun1')?.func, 'const a = 1;\nmsg.payload = a;\nreturn msg;');
    assert.equal(restored.has('out1'), false);
    assert.equal(restored.has('gone'), true);
    assert.equal(await isDirty(), true);
    assert.equal(await sidebar.page.evaluate(`RED.nodes.node('fun1').changed`), true);
    assert.equal(await sidebar.page.evaluate(`RED.nodes.node('dbg1').moved`), true);
    assert.notEqual(await sidebar.page.evaluate(`RED.nodes.node('inj1').changed`), true);

    await sidebar.page.evaluate(`RED.actions.invoke('core:undo')`);
    assert.deepEqual(await flowsInEditor(sidebar.page), before);
    assert.equal(await isDirty(), false);
    await sidebar.page.evaluate(`RED.actions.invoke('core:redo')`);
    assert.equal((await flowsInEditor(sidebar.page)).has('gone'), true);
    await sidebar.page.evaluate(`RED.actions.invoke('core:undo')`);
  });

  it('says that changes which are not deployed go, and undo brings them back', async () => {
    await sidebar.page.evaluate(
      `RED.nodes.node('fun1').name = 'not deployed yet'; RED.nodes.node('fun1').changed = true; RED.nodes.dirty(true)`,
    );

    await ask();
    await dialog().getByText('There are changes here that are not deployed').waitFor();
    await sidebar.answer('Restore');
    await eventually(async () => (await flowsInEditor(sidebar.page)).has('gone'));
    await sidebar.page.evaluate(`RED.actions.invoke('core:undo')`);

    assert.equal((await flowsInEditor(sidebar.page)).get('fun1')?.name, 'not deployed yet');
    assert.equal(await sidebar.page.evaluate(`RED.nodes.node('fun1').changed`), true);
    assert.equal(await isDirty(), true);
    await sidebar.page.evaluate(
      `RED.nodes.node('fun1').name = 'open valve'; RED.nodes.node('fun1').changed = false; RED.nodes.dirty(false)`,
    );
  });

  it('names types that are missing here, and nodes that come without credentials', async () => {
    const flows = [
      ...FLOWS,
      { id: 'odd1', type: '<img src=x onerror="window.hacked=1">', z: 'tab2', x: 100, y: 300, wires: [] },
      { id: 'brk2', type: 'mqtt-broker', name: 'Second <b>broker</b>', broker: 'x', port: 1883 },
    ];
    sidebar.platform.on('GET /snapshots/snap01/flows', () => ({ status: 200, body: { flows } }));

    await ask();

    await dialog().getByText('<img src=x onerror="window.hacked=1">').waitFor();
    await dialog().getByText('Second <b>broker</b>').waitFor();
    assert.doesNotMatch((await dialog().textContent()) ?? '', /Plant/);
    await sidebar.answer('Restore');
    await eventually(async () => (await flowsInEditor(sidebar.page)).has('odd1'));
    assert.equal(await sidebar.page.evaluate('window.hacked'), undefined);
    await sidebar.page.evaluate(`RED.actions.invoke('core:undo')`);
    sidebar.platform.on('GET /snapshots/snap01/flows', () => ({ status: 200, body: { flows: RELEASE_1 } }));
  });

  it('is deployed by the person as any change, with the other editor left as it was until then', async () => {
    const other = await openEditor(sidebar.browser, sidebar.server.url, sidebar.problems);
    await ask();
    await sidebar.answer('Restore');
    await eventually(async () => (await flowsInEditor(sidebar.page)).has('gone'));
    assert.equal((await flowsInEditor(other)).has('gone'), false);
    assert.equal(
      (await deployed()).some(({ id }) => id === 'gone'),
      false,
    );

    await sidebar.page.evaluate(`RED.actions.invoke('core:deploy-flows')`);

    await eventually(async () => (await deployed()).some(({ id }) => id === 'gone'));
    await eventually(async () => (await isDirty()) === false);
    assert.equal(
      (await deployed()).some(({ id }) => id === 'out1'),
      false,
    );
  });
});
