import assert from 'node:assert/strict';
import { URI } from 'otpauth';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildMember, uniqueName } from '../../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('A person on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;

  before(async () => {
    cp = await startControlPlane();
  });
  after(() => cp?.stop());
  beforeEach(async () => {
    open = await openPage();
  });
  afterEach(() => open?.close());

  it('turns the second factor on, and signs in with a code from then on', async () => {
    const { username } = await buildMember(cp, null);
    const { page } = open;
    await page.goto(`${cp.url}/account`);
    await signInOnPage(page, username);

    await page.locator('[data-test=second-factor] [data-test=enable]').click();
    await page.getByLabel('Your password').fill(ADMIN_PASSWORD);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor();
    const key = await page.getByRole('dialog').locator('code, pre').first().textContent();
    const app = URI.parse(`otpauth://totp/Flowyard?secret=${key?.trim()}&issuer=Flowyard`);
    await page.getByLabel('The code that the app shows now').fill(app.generate());
    await page.getByRole('dialog').getByRole('button', { name: 'Turn it on' }).click();
    await page.locator('[data-test=recovery-codes]').waitFor();
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await page.getByText('10 recovery codes are left').waitFor();

    await page.context().clearCookies();
    await page.goto(`${cp.url}/account`);
    await signInOnPage(page, username);
    await page
      .getByLabel('Code of your authenticator app')
      .fill(app.generate({ timestamp: Date.now() + 30_000 }));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('10 recovery codes are left').waitFor();

    assert.deepEqual(open.complaints, []);
  });

  it('sees where they are signed in, and ends another session', async () => {
    const { username } = await buildMember(cp, null);
    const { page } = open;
    await page.goto(`${cp.url}/account`);
    await signInOnPage(page, username);
    const sessions = page.locator('[data-test=sessions]');
    await sessions.getByText('this one').waitFor();

    await sessions.getByRole('button', { name: /^End the session/ }).click();
    await page.getByRole('button', { name: 'End it' }).click();

    await sessions.getByRole('button', { name: /^End the session/ }).waitFor({ state: 'detached' });
    assert.equal(await sessions.getByRole('row').count(), 2);
  });

  it('is suspended by an administrator, and sees at once that they are signed out', async () => {
    const { client, username } = await buildMember(cp, null);
    const { page } = open;
    await page.goto(`${cp.url}/admin/users`);
    await signInOnPage(page);
    await page.getByRole('row', { name: username }).locator('[data-test=edit-user]').click();

    await page.locator('[data-test=suspended] input').check();
    await page.getByRole('dialog').locator('[data-test=submit]').click();

    await page.getByRole('row', { name: username }).getByText('suspended').waitFor();
    await client.refused('getUser', 401);
    assert.deepEqual(open.complaints, []);
  });

  it('filters the audit log, reads an entry, and as an administrator verifies the log', async () => {
    const { applicationId } = await buildApplication(cp);
    const name = uniqueName('Renamed');
    await cp.admin.call('updateApplication', { params: { id: applicationId }, body: { name } });
    const { page } = open;
    await page.goto(`${cp.url}/admin/audit`);
    await signInOnPage(page);

    await page.locator('[data-test=audit-event]').click();
    await page.getByRole('option', { name: 'application', exact: true }).click();
    await page.getByText('user.signed-in').first().waitFor({ state: 'detached' });
    await page.locator('[data-test=audit-entry]').first().click();
    await page.locator('[data-test=audit-dialog]').getByRole('cell', { name }).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.locator('[data-test=verify]').click();
    await page
      .locator('[data-test=verification]')
      .getByText(/The log is intact: \d+ entries/)
      .waitFor();
    const csv = await page.locator('[data-test=audit-csv]').getAttribute('href');

    assert.equal(csv, '/api/v1/audit.csv?event=application');
    assert.deepEqual(open.complaints, []);
  });
});
