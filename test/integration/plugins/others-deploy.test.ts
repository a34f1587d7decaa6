import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import { openEditor, showTab } from './editor-page.ts';
import { FLOWS } from './flows-data.ts';
import { INSTANCE } from './platform-data.ts';
import { Sidebar } from './sidebar.ts';

describe('a deploy by somebody else', function () {
  this.timeout(60_000);
  let sidebar: Sidebar;

  before(async () => {
    sidebar = await Sidebar.open({ flows: FLOWS });
    await eventually(() => sidebar.platform.isSubscribed('instance/inst01'));
  });
  after(() => sidebar?.close());
  afterEach(() => assert.deepEqual(sidebar.problems, []));

  function tell(flowsRevision: number, flowsChangedBy: string | null): void {
    const at = '2026-03-01T10:00:00.000Z';
    sidebar.platform.setValue('instance/inst01', {
      ...INSTANCE,
      flowsRevision,
      flowsChangedBy,
      flowsChangedAt: at,
    });
  }

  it('is told with who and when, as text, and can be compared with', async () => {
    tell(8, '<b>Grace</b>');

    const notice = sidebar.page.locator('.red-ui-notification', {
      hasText: '<b>Grace</b> has deployed other flows',
    });
    await notice.waitFor();
    await notice.getByRole('button', { name: 'Compare' }).click();

    await sidebar.page.getByText('Compared with what is deployed').waitFor();
    await notice.waitFor({ state: 'detached' });
    await sidebar.page.getByRole('button', { name: 'End compare' }).click();
  });

  it('is told once, with the newest', async () => {
    tell(9, 'Grace');
    tell(10, 'Ada');

    await sidebar.page.getByText('Ada has deployed other flows').waitFor();
    assert.equal(await sidebar.page.getByText('Grace has deployed other flows').count(), 0);
    await sidebar.page.locator('.red-ui-notification').getByRole('button', { name: 'Close' }).click();
  });

  it('is not told to whoever deployed, but in the other editor', async () => {
    const other = await openEditor(sidebar.browser, sidebar.server.url, sidebar.problems);
    await showTab(other, 'snapshots');
    await other.getByText('Faster filling').waitFor();
    await sidebar.page.evaluate(
      `RED.nodes.node('fun1').name = 'mine'; RED.nodes.node('fun1').changed = true; RED.nodes.dirty(true); RED.actions.invoke('core:deploy-flows')`,
    );
    await eventually(async () => (await sidebar.page.evaluate('RED.nodes.dirty()')) === false);

    tell(11, null);

    await other.getByText('Somebody has deployed other flows').waitFor();
    assert.equal(await sidebar.page.getByText('has deployed other flows').count(), 0);
  });
});
