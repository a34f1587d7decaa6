import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildInstance, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('What is deleted, suspended or moved, on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
    await open.page.goto(`${cp.url}/sign-in`);
    await signInOnPage(open.page);
    await open.page.waitForURL((url) => url.pathname !== '/sign-in');
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  it('an instance comes back from the recycle bin of its team', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const { id, name } = await buildInstance(cp, applicationId);
    await cp.admin.call('deleteInstance', { params: { id } });
    const { page } = open;

    await page.goto(`${cp.url}/teams/${teamId}/settings`);
    await page.getByRole('button', { name: `Bring ${name} back` }).click();
    await page.getByText(`${name} is back`).waitFor();

    assert.equal((await cp.admin.call('getInstance', { params: { id } })).name, name);
    assert.deepEqual(open.complaints, []);
  });

  it('a team is suspended, says so on every page, and goes on again', async () => {
    const { teamId } = await buildApplication(cp);
    const { page } = open;
    const dialog = page.getByRole('dialog');

    await page.goto(`${cp.url}/teams/${teamId}/settings`);
    await page.getByRole('button', { name: 'Suspend the team' }).click();
    await dialog.getByRole('button', { name: 'Suspend the team' }).click();
    await page.getByText('This team is suspended.').waitFor();
    await page.goto(`${cp.url}/teams/${teamId}/instances`);
    await page.getByText('This team is suspended.').waitFor();

    await page.goto(`${cp.url}/teams/${teamId}/settings`);
    await page.getByRole('button', { name: 'Lift the suspension' }).click();
    await dialog.getByRole('button', { name: 'Lift the suspension' }).click();
    await page.getByText('This team is suspended.').waitFor({ state: 'hidden' });
    assert.equal((await cp.admin.call('getTeam', { params: { id: teamId } })).suspended, false);
    assert.deepEqual(open.complaints, []);
  });

  it('a deleted team is in the settings of the platform, and comes back', async () => {
    const name = uniqueName('Deleted team');
    const { id } = await cp.admin.call('createTeam', { body: { name } });
    await cp.admin.call('deleteTeam', { params: { id } });
    const { page } = open;

    await page.goto(`${cp.url}/admin/settings`);
    await page.getByRole('button', { name: `Bring ${name} back` }).click();
    await page.getByRole('button', { name: `Bring ${name} back` }).waitFor({ state: 'hidden' });

    assert.equal((await cp.admin.call('getTeam', { params: { id } })).name, name);
  });

  it('an application moves to another team', async () => {
    const { applicationId } = await buildApplication(cp);
    const target = await cp.admin.call('createTeam', { body: { name: uniqueName('Target') } });
    const { page } = open;

    await page.goto(`${cp.url}/applications/${applicationId}/settings`);
    await page.getByRole('button', { name: 'Move the application' }).click();
    await page.locator('[data-test=target-team]').click();
    await page.getByRole('option', { name: target.name }).click();
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });

    const moved = await cp.admin.call('getApplication', { params: { id: applicationId } });
    assert.equal(moved.teamId, target.id);
    assert.deepEqual(open.complaints, []);
  });

  it('settings of the platform are switched, and hold', async () => {
    const { page } = open;

    await page.goto(`${cp.url}/admin/settings`);
    await page.getByLabel('People may make an account themselves').click();
    await page.getByText('Saved').waitFor();

    assert.equal((await cp.visitor().call('getSignInOptions')).signUp, true);
  });

  it('nothing is wider than a small screen', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const { id } = await buildInstance(cp, applicationId);
    await cp.admin.call('deleteInstance', { params: { id } });
    const small = await openPage({ width: 360, theme: 'dark' });
    try {
      await small.page.goto(`${cp.url}/teams/${teamId}/settings`);
      await signInOnPage(small.page);
      await small.page.getByText('Recycle bin').waitFor();
      for (const path of [
        `/teams/${teamId}/settings`,
        '/admin/settings',
        '/admin/stacks',
        '/admin/templates',
      ]) {
        await small.page.goto(cp.url + path);
        await small.page.getByRole('heading', { level: 1 }).waitFor();
        const beyond = await small.page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        assert.equal(beyond, 0, path);
      }
    } finally {
      await small.close();
    }
  });
});
