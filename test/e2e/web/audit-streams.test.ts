import assert from 'node:assert/strict';
import { type AuditReceiver, isSigned, startAuditReceiver } from '../../support/audit-receiver.ts';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildMember } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

describe('Streams of the audit log on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let receiver: AuditReceiver;

  before(async () => {
    cp = await startControlPlane({ config: { webhookTargets: 'any' } });
    receiver = await startAuditReceiver();
    open = await openPage();
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
    await receiver?.stop();
  });

  it('are made by an owner, show what fails, go on, deliver again and are deleted', async () => {
    const { teamId } = await buildApplication(cp);
    const { username } = await buildMember(cp, teamId, 'owner');
    const { page } = open;
    const act = async (action: string) => {
      await page.getByRole('button', { name: 'Actions for SIEM' }).click();
      await page.getByRole('menuitem', { name: action }).click();
    };
    const submit = () => page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.goto(`${cp.url}/teams/${teamId}/audit`);
    await signInOnPage(page, username);
    await page.locator('[data-test=tab-streams]').click();
    await page.getByText('Keep the audit log where nobody here can reach it').waitFor();

    await page.locator('[data-test=add-stream]').click();
    await page.getByLabel('Name', { exact: true }).fill('SIEM');
    await page.getByLabel('Address', { exact: true }).fill(receiver.url);
    await submit();
    const secret = String(await page.getByLabel('Secret', { exact: true }).textContent()).trim();
    await page.locator('[data-test=secret-seen]').click();
    await eventually(() => receiver.events().includes('audit-stream.created'), { withinMs: 10_000 });
    await page.locator('[data-status="up to date"]').waitFor();

    await act('Test');
    await page.getByText('SIEM took the test.').waitFor();
    receiver.answerWith(500);
    await cp.admin.call('updateTeam', { params: { id: teamId }, body: { name: 'Renamed' } });
    await page.locator('[data-status="fails"]').waitFor();
    await page.getByText('The receiver answered 500.').waitFor();
    await page.locator('[data-test=waiting]').waitFor();
    receiver.answerWith(204);
    await act('Switch off');
    await page.locator('[data-status="switched off"]').waitFor();
    await act('Switch on');
    await page.locator('[data-status="up to date"]').waitFor();
    assert.equal(receiver.events().filter((event) => event === 'team.changed').length, 1);

    await act('Deliver again');
    const yesterday = new Date(Date.now() - 24 * 60 * 60_000).toISOString().slice(0, 10);
    await page.locator('[data-test=replay-from] input').fill(yesterday);
    await submit();
    await eventually(() => receiver.events().includes('team.created'), { withinMs: 10_000 });

    await act('Delete');
    await submit();
    await page.getByText('Keep the audit log where nobody here can reach it').waitFor();

    assert.ok(receiver.messages.every((message) => isSigned(message, secret)));
    assert.deepEqual(open.complaints, []);
  });

  it('are not there for whoever is no owner, and there for the whole platform', async () => {
    const { teamId } = await buildApplication(cp);
    const viewer = await buildMember(cp, teamId, 'viewer');
    const another = await openPage();
    try {
      await another.page.goto(`${cp.url}/teams/${teamId}/audit`);
      await signInOnPage(another.page, viewer.username);
      await another.page.locator('[data-test=audit-csv]').waitFor();
      assert.equal(await another.page.locator('[data-test=tab-streams]').count(), 0);
    } finally {
      await another.close();
    }

    const administrator = await openPage();
    try {
      await administrator.page.goto(`${cp.url}/admin/audit/streams`);
      await signInOnPage(administrator.page);
      await administrator.page.locator('[data-test=add-stream]').waitFor();
      assert.deepEqual(administrator.complaints, []);
    } finally {
      await administrator.close();
    }
  });
});
