import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import type { Page, WebSocketRoute } from 'playwright-core';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildInstance, buildMember } from '../../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

const FIRST_VIEW_LIMIT_BYTES = 250_000;

describe('the web page', () => {
  let cp: RunningControlPlane;
  let open: OpenPage;
  let page: Page;
  before(async () => {
    cp = await startControlPlane();
  });
  after(() => cp.stop());
  beforeEach(async () => {
    open = await openPage();
    page = open.page;
  });
  afterEach(() => open.close());

  it('asks a visitor to sign in and then shows what was asked for', async () => {
    const { applicationId } = await buildApplication(cp);

    await page.goto(`${cp.url}/applications/${applicationId}/devices`);
    await signInOnPage(page);

    await page.waitForURL(`${cp.url}/applications/${applicationId}/devices`);
    await page.getByText('No device yet').waitFor();
  });

  it('says that user name or password is wrong and lets one try again', async () => {
    await page.goto(`${cp.url}/sign-in`);

    await signInOnPage(page, 'admin', 'not the password');

    await page.getByRole('alert').waitFor();
    assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '');
  });

  it('asks to sign in again when the session is over, and goes on where one was', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    await page.goto(`${cp.url}/teams/${teamId}/applications`);
    await signInOnPage(page);
    await page.locator('[data-test=create-application]').waitFor();

    await page.context().clearCookies();
    await page.goto(`${cp.url}/applications/${applicationId}/audit`);
    await signInOnPage(page);
    await page.waitForURL(`${cp.url}/applications/${applicationId}/audit`);
    await page.getByRole('table', { name: 'Audit log' }).waitFor();
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Reload' }).click();

    await page.waitForURL(/\/sign-in\?continue=/);
  });

  it('shows what others do without being loaded again', async () => {
    const { applicationId } = await buildApplication(cp);
    await page.goto(`${cp.url}/applications/${applicationId}`);
    await signInOnPage(page);
    await page.getByText('No hosted instance yet').waitFor();

    const instance = await buildInstance(cp, applicationId);
    await page.getByRole('link', { name: instance.name, exact: true }).click();
    await page.locator('[data-test=state][data-status=created]').waitFor();
    await cp.admin.call('updateInstance', {
      params: { id: instance.id },
      body: { description: 'seen live' },
    });

    await page.locator('.page-header').getByText('seen live').waitFor();
  });

  it('says when the connection is lost and has caught up when it is back', async () => {
    const { applicationId } = await buildApplication(cp);
    const sockets: WebSocketRoute[] = [];
    let refuse = false;
    await page.routeWebSocket(/\/live$/, async (socket) => {
      if (refuse) {
        await socket.close();
        return;
      }
      socket.connectToServer();
      sockets.push(socket);
    });
    await page.goto(`${cp.url}/applications/${applicationId}`);
    await signInOnPage(page);
    await page.getByText('No hosted instance yet').waitFor();

    refuse = true;
    await sockets[0]?.close();
    await page.getByText('Reconnecting').waitFor();
    const { name } = await buildInstance(cp, applicationId);
    refuse = false;

    await page.getByRole('link', { name, exact: true }).waitFor();
    await page.getByText('Reconnecting').waitFor({ state: 'hidden' });
  });

  it('offers a viewer nothing that they may not do', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const instance = await buildInstance(cp, applicationId);
    const viewer = await buildMember(cp, teamId, 'viewer');
    await page.goto(`${cp.url}/instances/${instance.id}`);
    await signInOnPage(page, viewer.username, ADMIN_PASSWORD);
    await page.getByRole('heading', { name: instance.name, level: 1 }).waitFor();

    assert.equal(await page.locator('[data-test=start], [data-test=danger]').count(), 0);
    assert.equal(await page.getByText('Platform', { exact: true }).count(), 0);
    await page.goto(`${cp.url}/applications/${applicationId}`);
    await page.getByRole('link', { name: instance.name, exact: true }).waitFor();
    assert.equal(await page.locator('[data-test=create-instance]').count(), 0);
  });

  it('tells someone who may only open the pages of flows what their role is for', async () => {
    const { teamId } = await buildApplication(cp);
    const { username } = await buildMember(cp, teamId, 'dashboard');
    await page.goto(`${cp.url}/teams/${teamId}`);
    await signInOnPage(page, username, ADMIN_PASSWORD);

    await page.getByText('Your role opens the pages that flows serve').waitFor();
    assert.deepEqual(
      open.complaints.filter((text) => !/status of 403/.test(text)),
      [],
    );
  });

  it('shows beside the field why the server refused a value', async () => {
    const { applicationId } = await buildApplication(cp);
    const taken = await buildInstance(cp, applicationId);
    await page.goto(`${cp.url}/applications/${applicationId}`);
    await signInOnPage(page);

    await page.locator('[data-test=create-instance]').click();
    await page.locator('[data-test=name] input').fill('Not-A-Host-Name');
    await page.locator('[data-test=submit]').click();
    await page.getByText('begin with a letter').waitFor();
    await page.locator('[data-test=name] input').fill(taken.name);
    await page.locator('[data-test=submit]').click();

    await page.getByRole('dialog').getByRole('alert').first().waitFor();
  });

  it('explains a concept where it stands', async () => {
    const { teamId } = await buildApplication(cp);
    await page.goto(`${cp.url}/teams/${teamId}/applications`);
    await signInOnPage(page);

    await page.getByRole('button', { name: 'What is: application?' }).click();

    await page.getByText('gathers what does one job together').waitFor();
    const link = page.getByRole('link', { name: 'More in the documentation' });
    assert.equal(await link.getAttribute('href'), '/docs/concepts#application');
  });

  it('finds things by Ctrl-K and the keyboard alone', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const { name, id } = await buildInstance(cp, applicationId);
    await page.goto(`${cp.url}/teams/${teamId}`);
    await signInOnPage(page);
    await page.getByRole('heading', { name: 'Needs attention' }).waitFor();

    await page.keyboard.press('Control+k');
    await page.keyboard.type(name);
    await page.getByRole('option', { name }).waitFor();
    await page.keyboard.press('Enter');

    await page.waitForURL(`${cp.url}/instances/${id}`);
  });

  it('is small at the first view', async () => {
    const { teamId } = await buildApplication(cp);
    const loaded: Array<Promise<number>> = [];
    page.on('response', (response) => {
      if (/\.(?:js|css)$/.test(new URL(response.url()).pathname)) {
        loaded.push(response.body().then((body) => gzipSync(body).length));
      }
    });
    await page.goto(`${cp.url}/teams/${teamId}`);
    await signInOnPage(page);
    await page.getByRole('heading', { name: 'Needs attention' }).waitFor();

    const bytes = (await Promise.all(loaded)).reduce((sum, size) => sum + size, 0);

    assert.ok(bytes > 0 && bytes < FIRST_VIEW_LIMIT_BYTES, `${bytes} bytes of script and style`);
  });
});
