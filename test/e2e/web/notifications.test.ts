import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildInstance, instanceIn } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../../support/webhook-receiver.ts';

describe('Notifications on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let receiver: WebhookReceiver;

  before(async () => {
    receiver = await startWebhookReceiver();
    cp = await startControlPlane({ config: { webhookTargets: 'any' } });
    open = await openPage();
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
    await receiver?.stop();
  });

  it('ring the bell, lead to what they are about, and are read then; a webhook is told as well', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const { page } = open;
    await page.goto(`${cp.url}/teams/${teamId}/settings`);
    await signInOnPage(page);

    await page.locator('[data-test=add-webhook]').click();
    await page.getByLabel('Name', { exact: true }).fill('Control room');
    await page.getByLabel('Address', { exact: true }).fill(receiver.url);
    await page.getByRole('dialog').locator('[data-test=submit]').click();
    await page.locator('[data-test=secret-seen]').click();
    await page.getByRole('row', { name: 'Control room' }).waitFor();

    const name = 'line-<b>3</b>';
    const instance = await buildInstance(cp, applicationId, {
      start: true,
      flows: [{ id: 'unknown1', type: 'valve-of-nobody', z: 'tab1', wires: [], x: 10, y: 10, name }],
    });
    await instanceIn(cp, instance.id, 'error');
    await page.getByLabel('Notifications, 1 unread').click();
    await page.locator('[data-test=notification]').getByText(instance.name).click();

    await page.waitForURL(`**/instances/${instance.id}`);
    await page.getByLabel('Notifications', { exact: true }).first().waitFor();
    const { body } = await receiver.message('instance.error');
    assert.equal(JSON.parse(body).subject.name, instance.name);
    assert.deepEqual(open.complaints, []);
  });

  it('are listed, and what to get e-mail for is chosen in the account', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/notifications`);
    await page.locator('[data-test=notification]').first().waitFor();
    await page.goto(`${cp.url}/account`);
    await page.locator('[data-test=mail-obstacle]').waitFor();

    await page.locator('[data-test="mail device.offline"]').click();
    await page.getByRole('option', { name: 'Always' }).click();

    const chosen = await eventually(async () => {
      const { email } = await cp.admin.call('getNotificationSettings');
      return Object.keys(email).length > 0 && email;
    });
    assert.deepEqual(chosen, { 'device.offline': true });
    assert.deepEqual(open.complaints, []);
  });
});
