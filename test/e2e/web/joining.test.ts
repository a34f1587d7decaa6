import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildMember, uniqueName } from '../../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

const SCRIPT = '<script>document.title="broken"</script>';

describe('Coming in, on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  /** A browser that nobody is signed in with. */
  async function fresh<T>(work: (page: Page) => Promise<T>): Promise<T> {
    const visitor = await openPage();
    try {
      return await work(visitor.page);
    } finally {
      await visitor.close();
    }
  }

  it('an owner invites by e-mail address, and the link leads somebody without an account into the team', async () => {
    const team = await cp.admin.call('createTeam', { body: { name: `Plant ${SCRIPT}` } });
    const { page } = open;
    await page.goto(`${cp.url}/teams/${team.id}/people`);
    await signInOnPage(page);
    await page.locator('[data-test=invite]').click();
    await page.getByLabel('User name or e-mail address').fill('new@example.com');
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    const link = (await page.locator('.copy-block pre').textContent()) ?? '';
    await page.locator('[data-test=link-done]').click();
    await page.getByRole('row', { name: 'new@example.com' }).getByText('member').waitFor();

    await fresh(async (visitor) => {
      await visitor.goto(link);
      await visitor.getByText(`Join Plant ${SCRIPT}`).waitFor();
      await visitor.getByLabel('User name').fill(uniqueName('new'));
      await visitor.getByLabel('Password', { exact: true }).fill(ADMIN_PASSWORD);
      await visitor.getByRole('button', { name: 'Make an account and join' }).click();
      await visitor.waitForURL(`${cp.url}/teams/${team.id}`);
    });

    await page.reload();
    await page.getByText('Nobody is invited').waitFor();
    assert.notEqual(await page.title(), 'broken');
    assert.deepEqual(open.complaints, []);
  });

  it('somebody who is invited by user name sees it wherever they are, and joins or leaves', async () => {
    const { teamId } = await buildApplication(cp);
    const { username } = await buildMember(cp, null);
    await cp.admin.call('createInvitation', {
      params: { id: teamId },
      body: { invitee: username, role: 'viewer' },
    });

    await fresh(async (page) => {
      await page.goto(cp.url);
      await signInOnPage(page, username);
      await page.locator('[data-test=accept-invitation]').click();
      await page.waitForURL(`${cp.url}/teams/${teamId}`);
      await page.goto(`${cp.url}/teams/${teamId}/people`);
      await page.locator('[data-test=leave-team]').click();
      await page.getByRole('dialog').locator('[data-test=submit]').click();
      await page.getByText('You are in no team yet').waitFor();
    });
  });

  it('sign-up appears when an administrator switches it on', async () => {
    await fresh(async (page) => {
      await page.goto(`${cp.url}/sign-in`);
      await page.getByLabel('User name').waitFor();
      assert.equal(await page.getByText('Make an account').count(), 0);
    });
    const { page } = open;
    await page.goto(`${cp.url}/admin/settings`);
    await page.locator('[data-test=sign-up] input').check();
    await page.getByText('Saved').first().waitFor();

    await fresh(async (visitor) => {
      await visitor.goto(`${cp.url}/sign-in`);
      await visitor.getByText('Make an account').click();
      // The page before has a field of that name, too.
      await visitor.getByRole('button', { name: 'Make the account' }).waitFor();
      await visitor.getByLabel('User name').fill(uniqueName('self'));
      await visitor.getByLabel('Password', { exact: true }).fill(ADMIN_PASSWORD);
      await visitor.getByRole('button', { name: 'Make the account' }).click();
      await visitor.getByText('You are in no team yet').waitFor();
    });
  });

  it('an administrator makes a link, and the person sets a new password with it', async () => {
    const { username } = await buildMember(cp, null);
    const { page } = open;
    await page.goto(`${cp.url}/admin/users`);
    await page.getByRole('row', { name: username }).locator('[data-test=reset-password]').click();
    const link = (await page.locator('.copy-block pre').textContent()) ?? '';
    await page.locator('[data-test=link-done]').click();

    await fresh(async (visitor) => {
      await visitor.goto(link);
      await visitor.getByLabel('New password').fill('quite another one');
      await visitor.getByRole('button', { name: 'Set the password' }).click();
      await visitor.getByRole('link', { name: 'To the sign-in' }).click();
      await signInOnPage(visitor, username, 'quite another one');
      await visitor.getByText('You are in no team yet').waitFor();
    });
    assert.deepEqual(open.complaints, []);
  });
});
