import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import { buildDevice, buildSnapshotView } from '../../unit/nodes/builders.ts';
import { page as answerPage } from '../nodes/support/fake-platform.ts';
import { showTab } from './editor-page.ts';
import { changed, FLOWS } from './flows-data.ts';
import { buildDeployment, buildDryRun, DEVICES, INSTANCE, PIPELINE } from './platform-data.ts';
import { Sidebar } from './sidebar.ts';

const EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=2</script>$t(loading) __name__';

describe('names that are markup', function () {
  this.timeout(60_000);
  let sidebar: Sidebar;

  before(async () => {
    sidebar = await Sidebar.open({ flows: FLOWS });
    const reference = { id: 'snap02', name: EVIL };
    const stages = PIPELINE.stages.map((stage) => ({
      ...stage,
      name: EVIL,
      target: { ...stage.target, name: EVIL },
      snapshot: stage.snapshot && { ...stage.snapshot, name: EVIL },
    }));
    const snapshots = ['snap01', 'snap02'].map((id) =>
      buildSnapshotView({ id, name: EVIL, description: EVIL, author: EVIL, labels: [EVIL] }),
    );
    const evilFlows = changed({ tab1: { label: EVIL }, fun1: { name: EVIL, func: `${EVIL}\n` } }, [
      { id: 'new1', type: EVIL, z: 'tab1', name: EVIL, x: 300, y: 300, wires: [] },
    ]);
    sidebar.platform
      .on('GET /instances/inst01', () => ({ status: 200, body: { ...INSTANCE, runningSnapshot: reference } }))
      .on('GET /instances/inst01/snapshots', () => ({ status: 200, body: answerPage(snapshots) }))
      .on('GET /snapshots/snap01/flows', () => ({ status: 200, body: { flows: evilFlows } }))
      .on('GET /snapshots/snap02/flows', () => ({ status: 200, body: { flows: evilFlows } }))
      .on('GET /applications/app001/pipelines', () => ({
        status: 200,
        body: answerPage([{ ...PIPELINE, name: EVIL, stages }]),
      }))
      .on('GET /stages/stage0/dry-run', () => ({
        status: 200,
        body: buildDryRun({
          to: { id: 'inst02', name: EVIL },
          current: { id: 'inst02', name: EVIL },
          missingVariables: [EVIL],
          refusals: [{ code: 'x', message: EVIL }],
          targets: [{ kind: 'instance', id: 'inst02', name: EVIL, effect: 'later', reason: EVIL }],
        }),
      }))
      .on('GET /applications/app001/devices', () => ({
        status: 200,
        body: answerPage(
          DEVICES.map((device) => ({
            ...buildDevice(device),
            name: `${device.id} ${EVIL}`,
            reason: `${EVIL}\n${EVIL}`,
            step: EVIL,
            deviceGroup: { id: 'grp001', name: EVIL },
          })),
        ),
      }));
  });
  after(() => sidebar?.close());

  afterEach(async () => {
    assert.deepEqual(sidebar.problems, []);
    assert.equal(await sidebar.page.evaluate('window.hacked'), undefined);
    assert.equal(await sidebar.page.locator('img[src="x"]').count(), 0);
  });

  it('are text in the list of snapshots, its menu, dialogs and messages', async () => {
    const pane = await showTab(sidebar.page, 'snapshots');
    const menu = pane.getByRole('button', { name: 'What to do with' }).first();
    await menu.waitFor();
    assert.match((await pane.textContent()) ?? '', /<img src=x onerror/);

    for (const entry of ['Rename …', 'Download …', 'Compare with another snapshot …']) {
      await menu.press('Enter');
      await sidebar.page.locator('.flowyard-menu').getByText(entry, { exact: true }).click();
      const dialog = sidebar.page.getByRole('dialog');
      assert.match((await dialog.textContent()) ?? '', /<img src=x onerror/);
      await sidebar.page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    }
    for (const entry of ['Delete …', 'Roll back …', 'Restore into the workspace …']) {
      await menu.press('Enter');
      await sidebar.page.locator('.flowyard-menu').getByText(entry, { exact: true }).click();
      await sidebar.page.getByRole('alertdialog').getByText('<img src=x').first().waitFor();
      await sidebar.answer('Cancel');
    }
  });

  it('are text in a comparison and its details', async () => {
    const pane = await showTab(sidebar.page, 'snapshots');
    await pane.getByRole('button', { name: 'What to do with' }).last().press('Enter');
    await sidebar.page.locator('.flowyard-menu').getByText('Compare with the editor').click();
    await sidebar.page.getByText('Compared with <img').waitFor();

    await sidebar.page.getByRole('button', { name: 'Details' }).click();
    const tray = sidebar.page.getByRole('region', { name: 'Compare', exact: true });
    await tray.locator('summary', { hasText: 'open valve' }).click();

    await tray.locator('.flowyard-line', { hasText: '<img src=x' }).first().waitFor();
    await sidebar.page.getByRole('button', { name: 'Close', exact: true }).click();
    await tray.waitFor({ state: 'detached' });
    await sidebar.page.getByRole('button', { name: 'End compare' }).click();
  });

  it('are text in the pipeline and in what a push says', async () => {
    const pane = await showTab(sidebar.page, 'pipeline');
    await pane.getByText('What differs').first().click();
    await pane.getByText('<img src=x').first().waitFor();
    await eventually(() => sidebar.platform.isSubscribed('application/app001'));
    const reference = { id: 'stage1', name: EVIL };
    const deployment = buildDeployment({
      from: reference,
      to: reference,
      snapshot: reference,
      message: EVIL,
      author: EVIL,
      state: 'planned',
      targets: buildDeployment().targets.map((target) => ({
        ...target,
        name: EVIL,
        state: 'failed',
        reason: EVIL,
      })),
    });
    sidebar.platform.change('application/app001', 'deployment', 'depl01', deployment);
    await pane.getByRole('button', { name: 'Approve' }).click();
    await sidebar.page.getByRole('alertdialog').getByText('<img src=x').first().waitFor();
    await sidebar.answer('Cancel');
    sidebar.platform.change('application/app001', 'deployment', 'depl01', {
      ...deployment,
      state: 'aborted',
    });

    await pane.getByRole('button', { name: 'Push from' }).first().click();
    await sidebar.page.getByRole('dialog').getByText('<img src=x').first().waitFor();
    await sidebar.page.keyboard.press('Escape');
  });

  it('are text among devices and in what others deployed', async () => {
    const pane = await showTab(sidebar.page, 'devices');
    await pane.getByText('dev001 <img').waitFor();
    await pane.getByRole('button', { name: 'What to do with dev001' }).press('Enter');
    await sidebar.page.locator('.flowyard-menu').getByText('Log …').click();
    await sidebar.page.getByRole('dialog').getByText('Log of dev001 <img').waitFor();
    await sidebar.page.keyboard.press('Escape');

    sidebar.platform.setValue('instance/inst01', { ...INSTANCE, flowsRevision: 99, flowsChangedBy: EVIL });

    await sidebar.page.locator('.red-ui-notification', { hasText: '<img src=x' }).waitFor();
  });
});
