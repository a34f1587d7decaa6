import assert from 'node:assert/strict';
import type { DryRunView } from '@flowyard/protocol';
import { violationsOf } from '../../support/axe.ts';
import { eventually } from '../../support/eventually.ts';
import { buildSnapshotView } from '../../unit/nodes/builders.ts';
import { page as answerPage } from '../nodes/support/fake-platform.ts';
import { showTab } from './editor-page.ts';
import { FLOWS, RELEASE_1 } from './flows-data.ts';
import { buildDeployment, buildDryRun, PIPELINE } from './platform-data.ts';
import { Sidebar } from './sidebar.ts';

describe('the tab with the pipeline', function () {
  this.timeout(60_000);
  let sidebar: Sidebar;

  before(async () => {
    sidebar = await Sidebar.open({ flows: FLOWS });
    sidebar.platform.on('GET /snapshots/snap01/flows', () => ({ status: 200, body: { flows: RELEASE_1 } }));
    answerDryRun(buildDryRun());
  });
  after(() => sidebar?.close());
  afterEach(() => assert.deepEqual(sidebar.problems, []));

  const dialog = () => sidebar.page.getByRole('dialog');

  function answerDryRun(report: DryRunView): void {
    for (const stage of ['stage0', 'stage1']) {
      sidebar.platform.on(`GET /stages/${stage}/dry-run`, () => ({ status: 200, body: report }));
    }
  }

  async function tellDeployment(overrides: Parameters<typeof buildDeployment>[0]): Promise<void> {
    await eventually(() => sidebar.platform.isSubscribed('application/app001'));
    sidebar.platform.change('application/app001', 'deployment', 'depl01', buildDeployment(overrides));
  }

  it('shows the pipelines of this instance and what runs in each stage', async () => {
    const pane = await showTab(sidebar.page, 'pipeline');
    await pane.getByText('To production').waitFor();

    assert.equal(await pane.getByText('Not ours').count(), 0);
    const text = (await pane.textContent()) ?? '';
    assert.match(text, /Development[\s\S]*this instance[\s\S]*changed since its last snapshot/);
    assert.match(text, /Production[\s\S]*owners only[\s\S]*Release 1/);
    assert.match(text, /1 of 2 devices run it, 2 online/);
    assert.equal(
      sidebar.platform.requests.some(({ path }) => path.endsWith('/dry-run')),
      false,
    );
  });

  it('says what differs between two stages when somebody looks, and compares it on the canvas', async () => {
    const pane = await showTab(sidebar.page, 'pipeline');

    await pane.getByText('What differs').first().click();

    await pane.getByText('Nodes: 2 added, 3 changed').waitFor();
    await pane.getByText('node-red-x: none → 1.2.0').waitFor();
    await pane.getByText('line-prod: installs modules, then restarts').waitFor();
    assert.deepEqual(await violationsOf(sidebar.page, '.flowyard-pane'), []);
    await pane.getByRole('button', { name: 'Compare on the canvas' }).click();
    await sidebar.page.getByText('Compared with Production: Release 1').waitFor();
    await sidebar.page.getByText('1 removed').waitFor();
    await sidebar.page.getByRole('button', { name: 'End compare' }).click();
  });

  it('shows what a push does before it is made', async () => {
    sidebar.platform.on('POST /stages/stage0/deploy', () => ({
      status: 202,
      body: { deployment: buildDeployment() },
    }));
    const pane = await showTab(sidebar.page, 'pipeline');

    await pane.getByRole('button', { name: 'Push from Development to Production' }).click();
    await dialog().getByText('Nodes: 2 added, 3 changed').waitFor();
    await dialog().getByRole('button', { name: 'Push' }).click();

    await dialog().waitFor({ state: 'detached' });
    assert.equal(sidebar.last('POST')?.path, '/stages/stage0/deploy');
    assert.deepEqual(sidebar.last('POST')?.body, {});
  });

  it('cannot make a push that would be refused, and says why', async () => {
    const message = 'Only owners push into <b>Production</b>.';
    answerDryRun(buildDryRun({ refusals: [{ code: 'protected', message }] }));
    const pane = await showTab(sidebar.page, 'pipeline');

    await pane.getByRole('button', { name: 'Push from Development to Production' }).click();

    await dialog().getByText(message).waitFor();
    assert.equal(await dialog().getByRole('button', { name: 'Push' }).isDisabled(), true);
    await sidebar.page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
  });

  it('asks to accept that values of variables are missing', async () => {
    answerDryRun(buildDryRun({ missingVariables: ['API_KEY'] }));
    const pane = await showTab(sidebar.page, 'pipeline');

    await pane.getByRole('button', { name: 'Push from Development to Production' }).click();
    await dialog().getByText('No value in line-prod for API_KEY').waitFor();
    const push = dialog().getByRole('button', { name: 'Push' });
    assert.equal(await push.isDisabled(), true);
    await dialog().getByLabel('Push though values are missing').check();

    assert.equal(await push.isDisabled(), false);
    await sidebar.page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    answerDryRun(buildDryRun());
  });

  it('lets a stage that asks choose among its own snapshots', async () => {
    sidebar.platform
      .on('GET /instances/inst02/snapshots', () => ({
        status: 200,
        body: answerPage([
          buildSnapshotView({
            id: 'snap05',
            name: 'Newer',
            owner: { kind: 'instance', id: 'inst02', name: 'line-prod' },
          }),
          buildSnapshotView({ owner: { kind: 'instance', id: 'inst02', name: 'line-prod' } }),
        ]),
      }))
      .on('POST /stages/stage1/deploy', () => ({ status: 202, body: { deployment: buildDeployment() } }));
    const pane = await showTab(sidebar.page, 'pipeline');

    await pane.getByRole('button', { name: 'Push from Production to Line 1' }).click();
    await dialog().getByLabel('Snapshot', { exact: true }).selectOption('snap01');
    await dialog().getByText('Nodes: 2 added, 3 changed').waitFor();
    await dialog().getByRole('button', { name: 'Push' }).click();

    await dialog().waitFor({ state: 'detached' });
    assert.equal(sidebar.last('POST')?.path, '/stages/stage1/deploy');
    assert.deepEqual(sidebar.last('POST')?.body, { snapshotId: 'snap01' });
  });

  it('follows a push wave by wave, and pauses it', async () => {
    const counts = { total: 10, waiting: 10, updating: 0, succeeded: 0, failed: 0, skipped: 0, returned: 0 };
    sidebar.platform.on('POST /deployments/depl01/actions', () => ({
      status: 202,
      body: buildDeployment({ state: 'paused' }),
    }));
    const pane = await showTab(sidebar.page, 'pipeline');

    await tellDeployment({
      wave: 1,
      waves: [
        { state: 'done', counts: { ...counts, total: 1, waiting: 0, succeeded: 1 }, checkedUntil: null },
        {
          state: 'running',
          counts: { ...counts, waiting: 6, updating: 1, succeeded: 2, failed: 1 },
          checkedUntil: null,
        },
      ],
    });

    await pane.getByRole('progressbar', { name: 'Wave 2: 3 of 10' }).waitFor();
    await pane.getByText('1 failed').waitFor();
    assert.ok(await pane.getByRole('button', { name: 'Push from Development' }).isDisabled());
    assert.deepEqual(await violationsOf(sidebar.page, '.flowyard-pane'), []);
    await pane.getByRole('button', { name: 'Pause' }).click();
    await sidebar.answer('Pause');
    await pane.getByText('paused', { exact: true }).waitFor();
    assert.deepEqual(sidebar.last('POST')?.body, { action: 'pause' });
  });

  it('names those that failed, and rolls back what is done', async () => {
    sidebar.platform.on('POST /deployments/depl01/actions', () => ({
      status: 202,
      body: buildDeployment({ state: 'running', returning: true }),
    }));
    const pane = await showTab(sidebar.page, 'pipeline');
    const targets = buildDeployment().targets.map((target) =>
      target.state === 'updating' ? { ...target, state: 'failed' as const, reason: 'No space.' } : target,
    );
    await tellDeployment({ state: 'failed', message: 'One of two devices did not take it.', targets });

    await pane.getByText('Capper: No space.').waitFor();
    await pane.getByRole('button', { name: 'Roll back' }).click();
    await sidebar.answer('Roll back');

    await eventually(() => sidebar.last('POST')?.path === '/deployments/depl01/actions');
    assert.deepEqual(sidebar.last('POST')?.body, { action: 'rollback' });
  });

  it('declines a push that waits for approval, with the reason', async () => {
    sidebar.platform.on('POST /deployments/depl01/approval', () => ({
      status: 202,
      body: buildDeployment({ state: 'aborted' }),
    }));
    const pane = await showTab(sidebar.page, 'pipeline');
    await tellDeployment({ state: 'planned' });

    await pane.getByText('ada asks for approval of this push.').waitFor();
    await pane.getByRole('button', { name: 'Decline' }).click();
    await dialog().getByLabel('Reason').fill('Not during the shift');
    await dialog().getByRole('button', { name: 'Decline' }).click();

    await pane.getByText('aborted').waitFor();
    assert.deepEqual(sidebar.last('POST')?.body, { approve: false, reason: 'Not during the shift' });
    await tellDeployment({ state: 'planned' });
    await pane.getByRole('button', { name: 'Approve' }).click();
    await sidebar.answer('Approve');
    await eventually(
      () => (sidebar.last('POST')?.body as { approve?: boolean } | undefined)?.approve === true,
    );
  });

  it('follows a pipeline that is renamed', async () => {
    const pane = await showTab(sidebar.page, 'pipeline');

    sidebar.platform.change('application/app001', 'pipeline', 'pipe01', { ...PIPELINE, name: 'Renamed' });

    await pane.getByText('Renamed').waitFor();
  });
});
