import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildMember } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('A passkey on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
    const devices = await open.page.context().newCDPSession(open.page);
    await devices.send('WebAuthn.enable');
    await devices.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  it('is added under Your account, signs in without password, and is deleted', async () => {
    const { username, client, userId } = await buildMember(cp, null);
    const { page } = open;
    await page.goto(`${cp.url}/account`);
    await signInOnPage(page, username);
    await page.locator('[data-test=add-passkey]').click();
    await page.getByRole('dialog').getByLabel('Name').fill('My phone');
    await page.getByRole('dialog').getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('row', { name: 'My phone' }).getByText('never').waitFor();

    await page.context().clearCookies();
    await page.goto(`${cp.url}/account`);
    await page.locator('[data-test=passkey]').click();
    const row = page.getByRole('row', { name: 'My phone' });
    await row.waitFor();
    assert.equal(await row.getByText('never').count(), 0);
    assert.equal((await client.call('listPasskeys')).total, 1);

    await cp.admin.call('changeUser', { params: { id: userId }, body: { suspended: true } });
    await page.goto(`${cp.url}/account`);
    await page.locator('[data-test=passkey]').click();
    await page.getByText('This passkey is not known here').waitFor();
    await cp.admin.call('changeUser', { params: { id: userId }, body: { suspended: false } });
    await page.locator('[data-test=passkey]').click();

    await row.getByRole('button', { name: 'Delete My phone' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('No passkey').waitFor();
    assert.deepEqual(open.complaints, []);
  });
});
