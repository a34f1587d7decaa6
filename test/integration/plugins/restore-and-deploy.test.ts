import assert from 'node:assert/strict';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContentsComparison } from '@flowyard/protocol';
import { eventually } from '../../support/eventually.ts';
import { buildDevice } from '../../unit/nodes/builders.ts';
import { flowsInEditor, showTab } from './editor-page.ts';
import { changed, FLOWS, RELEASE_1 } from './flows-data.ts';
import { buildDryRun } from './platform-data.ts';
import { Sidebar } from './sidebar.ts';

const DEVELOPED = buildDevice({
  mode: 'developer',
  runningMode: 'developer',
  developer: {
    since: '2026-01-01T00:00:00.000Z',
    until: null,
    by: 'ada',
    edited: false,
    url: 'http://127.0.0.1',
    editors: ['ada'],
  },
});
const ONLY_FLOWS =
  'Only flows are deployed: settings, variables and modules of the snapshot are not put back.';

describe('restoring straight to the runtime', function () {
  this.timeout(60_000);
  let sidebar: Sidebar;

  before(async () => {
    sidebar = await Sidebar.open({ flows: FLOWS, place: { FLOWYARD_DEVICE_ID: 'dev001' } });
  });
  after(() => sidebar?.close());
  beforeEach(async () => {
    await deploy(FLOWS);
    sidebar.platform
      .on('GET /devices/dev001', () => ({ status: 200, body: buildDevice() }))
      .on('GET /snapshots/snap01/flows', () => ({ status: 200, body: { flows: RELEASE_1 } }));
    await sidebar.reload();
  });
  afterEach(() => assert.deepEqual(sidebar.problems, []));

  const dialog = () => sidebar.page.getByRole('alertdialog');
  const words = async () => (await dialog().textContent()) ?? '';
  const isDirty = () => sidebar.page.evaluate('RED.nodes.dirty()');
  const invoke = (action: string) => sidebar.page.evaluate(`RED.actions.invoke('core:${action}')`);
  const inEditor = async (id: string) => (await flowsInEditor(sidebar.page)).get(id);
  const notice = (text: string | RegExp) => sidebar.page.locator('.red-ui-notification', { hasText: text });

  /** By somebody who has no editor open. */
  async function deploy(flows: readonly object[]): Promise<void> {
    const answer = await fetch(new URL('flows', sidebar.server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'node-red-api-version': 'v2' },
      body: JSON.stringify({ flows }),
    });
    assert.equal(answer.status, 200, await answer.text());
  }

  async function deployed(id: string): Promise<Record<string, unknown> | undefined> {
    const answer = await fetch(new URL('flows', sidebar.server.url));
    return ((await answer.json()) as { id: string }[]).find((node) => node.id === id);
  }

  const has = (flows: object[]) =>
    sidebar.platform.on('GET /snapshots/snap01/flows', () => ({ status: 200, body: { flows } }));

  async function begin(): Promise<void> {
    await showTab(sidebar.page, 'snapshots');
    await sidebar.choose('Release 1', 'Restore and deploy …');
  }

  async function ask(): Promise<void> {
    await begin();
    await dialog().waitFor();
  }

  /** One thing of the editor that is not deployed. */
  const edit = () =>
    sidebar.page.evaluate(
      `RED.nodes.node('fun1').name = 'not deployed yet'; RED.nodes.node('fun1').changed = true; RED.nodes.dirty(true)`,
    );

  it('asks first, with what will change, and changes nothing when it is declined', async () => {
    await ask();

    assert.match(await words(), /what is deployed.*run at once \(1 added, 2 changed, 1 moved, 1 removed\)/);
    assert.match(await words(), /nodes that are deployed now keep theirs/);
    assert.ok((await words()).includes(ONLY_FLOWS));
    assert.doesNotMatch(await words(), /There are changes here/);
    await sidebar.answer('Cancel');
    assert.equal(await isDirty(), false);
    assert.ok(await inEditor('out1'));
    assert.ok(await deployed('out1'));
  });

  it('deploys the flows, and undo brings the editor back without deploying', async () => {
    const before = await flowsInEditor(sidebar.page);
    await ask();
    await sidebar.answer('Restore and deploy');
    await notice('Restored and deployed: Release 1').waitFor();

    assert.equal((await deployed('fun1'))?.func, 'const a = 1;\nmsg.payload = a;\nreturn msg;');
    assert.ok(await deployed('gone'));
    assert.equal(await deployed('out1'), undefined);
    assert.equal(await isDirty(), false);
    await invoke('undo');
    assert.deepEqual(await flowsInEditor(sidebar.page), before);
    assert.equal(await isDirty(), true);
    assert.ok(await deployed('gone'));
  });

  it('can be deployed again after undo and after redo: it is not taken for the deploy of somebody else', async () => {
    await ask();
    await sidebar.answer('Restore and deploy');
    await notice('Restored and deployed: Release 1').waitFor();
    await eventually(() => sidebar.page.evaluate(`!$('#red-ui-header-shade').is(':visible')`));
    await invoke('undo');

    await invoke('deploy-flows');
    await eventually(async () => (await deployed('gone')) === undefined);
    await eventually(async () => (await isDirty()) === false);
    await sidebar.page.waitForSelector('.red-ui-deploy-button-spinner', { state: 'hidden' });
    await invoke('redo');
    await invoke('deploy-flows');

    await eventually(async () => (await deployed('gone')) !== undefined);
  });

  it('says that changes which are not deployed go, and undo brings them back', async () => {
    await edit();
    await ask();
    await dialog().getByText('There are changes here that are not deployed').waitFor();

    await sidebar.answer('Restore and deploy');
    await notice('Restored and deployed: Release 1').waitFor();

    assert.equal((await deployed('fun1'))?.name, 'open valve');
    await invoke('undo');
    assert.equal((await inEditor('fun1'))?.name, 'not deployed yet');
    assert.equal((await deployed('fun1'))?.name, 'open valve');
  });

  it('says when exactly these flows are deployed already', async () => {
    has([...FLOWS]);
    await begin();
    await notice(/exactly the flows of Release 1 already\.$/).waitFor();
    await edit();
    await begin();
    await notice('Restore it into the workspace to take back what is not deployed').waitFor();
    assert.equal(await dialog().count(), 0);
    assert.equal((await inEditor('fun1'))?.name, 'not deployed yet');
  });

  it('does not deploy types that are missing here, and says which', async () => {
    has([
      ...RELEASE_1,
      { id: 'odd1', type: '<img src=x onerror="window.hacked=1">', z: 'tab2', x: 100, y: 300, wires: [] },
    ]);
    await ask();

    await dialog().getByText('<img src=x onerror="window.hacked=1">', { exact: true }).waitFor();
    assert.match(await words(), /Release 1 cannot be deployed here/);
    assert.equal(await dialog().getByRole('button', { name: 'Restore and deploy' }).count(), 0);
    await sidebar.answer('Close');
    assert.equal(await sidebar.page.evaluate('window.hacked'), undefined);
    assert.equal(await inEditor('odd1'), undefined);
    assert.equal(await deployed('odd1'), undefined);
  });

  it('names nodes whose credentials are deleted, and those that come without', async () => {
    const broker = FLOWS.find(({ id }) => id === 'broker');
    has([...changed({ broker: null, out1: null }), { ...broker, id: 'brk2', name: 'Second <b>broker</b>' }]);

    await ask();

    assert.match(await words(), /have to be given anew:Second <b>broker<\/b>These are not in the snapshot/);
    assert.match(await words(), /undo does not bring those back:Plant/);
    await sidebar.answer('Cancel');
  });

  it('says what else is different from what the device runs, where that is known', async () => {
    const contents = (changes: Partial<ContentsComparison>) => () => ({
      status: 200,
      body: { ...buildDryRun().comparison, settings: [], modules: [], ...changes },
    });
    const modules = buildDryRun().comparison?.modules ?? [];
    sidebar.platform
      .on('GET /devices/dev001', () => ({ status: 200, body: DEVELOPED }))
      .on('GET /snapshots/snap01/diff/device/dev001', contents({ modules }));
    await sidebar.reload();
    await ask();
    await dialog().getByText('What else is different in the snapshot is not put back: modules.').waitFor();
    await sidebar.answer('Cancel');

    sidebar.platform.on('GET /snapshots/snap01/diff/device/dev001', contents({}));
    await ask();
    assert.doesNotMatch(await words(), /Only flows are deployed/);
    await sidebar.answer('Cancel');
  });

  it('leaves it to the person when somebody else has deployed meanwhile', async () => {
    await ask();
    await deploy(changed({ fun1: { name: 'by somebody else' } }));
    await sidebar.answer('Restore and deploy');

    await notice(/Not deployed: somebody else has deployed.*Release 1 are in the workspace/).waitFor();
    const conflict = notice('The server is running a more recent set of flows');
    await conflict.getByRole('button', { name: 'Cancel' }).click();
    assert.equal((await deployed('fun1'))?.name, 'by somebody else');
    assert.ok(await inEditor('gone'));
    await invoke('undo');
    assert.equal(await inEditor('gone'), undefined);
  });

  it('lets Node-RED ask about nodes that are not set up properly, and follows the answer', async () => {
    has(changed({ out1: { broker: '' }, fun1: { name: 'restored' } }));
    const question = notice('not properly configured');
    await ask();
    await sidebar.answer('Restore and deploy');
    await question.getByRole('button', { name: 'Cancel' }).click();

    await notice('Not deployed: some nodes are not set up properly.').waitFor();
    assert.equal((await deployed('fun1'))?.name, 'open valve');
    await invoke('undo');
    await ask();
    await sidebar.answer('Restore and deploy');
    await question.getByRole('button', { name: 'Confirm deploy' }).click();

    await notice('Restored and deployed: Release 1').waitFor();
    assert.equal((await deployed('fun1'))?.name, 'restored');
  });

  it('says that the runtime could not keep the flows, with its words', async () => {
    const inTheWay = join(sidebar.server.folder, 'flows.json.$$$');
    await mkdir(inTheWay);
    try {
      await ask();
      await sidebar.answer('Restore and deploy');

      await notice(/Not deployed: .*EISDIR.*are in the workspace/).waitFor();
      assert.equal(await isDirty(), true);
    } finally {
      await rmdir(inTheWay);
    }
  });

  it('says that the person may not deploy any more', async () => {
    await ask();
    await sidebar.page.route('**/flows', (route) =>
      route.request().method() === 'POST' ? route.fulfill({ status: 403 }) : route.continue(),
    );
    try {
      await sidebar.answer('Restore and deploy');
      await notice(/you may not deploy here any more\..*Release 1 are in the workspace/).waitFor();
      assert.ok(await deployed('out1'));
    } finally {
      await sidebar.page.unroute('**/flows');
    }
  });

  it('says what to do where Node-RED does not begin to deploy', async () => {
    await ask();
    await sidebar.page.evaluate(`RED.actions.remove('core:deploy-flows')`);
    await sidebar.answer('Restore and deploy');

    await notice(/Node-RED did not begin\. Press Deploy\..*Release 1 are in the workspace/).waitFor();
    assert.ok(await deployed('out1'));
    assert.ok(await inEditor('gone'));
  });

  it('says that the runtime does not answer', async () => {
    await ask();
    await sidebar.page.context().setOffline(true);
    try {
      await sidebar.answer('Restore and deploy');
      await notice(/did not answer, so whether it has them now is not certain/).waitFor();
      assert.ok(await inEditor('gone'));
      await sidebar.choose('Release 1', 'Restore and deploy …');
      await notice('This Node-RED does not answer. Look whether it runs').waitFor();
    } finally {
      await sidebar.page.context().setOffline(false);
    }
    assert.ok(await deployed('out1'));
  });
});
