import assert from 'node:assert/strict';
import { getFromInstance } from '../../support/api-client.ts';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { answeringFlow, answers, buildApplication, buildInstance } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

describe('Counting messages by node on the page', function () {
  this.timeout(120_000);
  let cp: ControlPlaneInProcess;
  let open: OpenPage;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  it('shows live what each node had, can be sorted, and says why it is over', async () => {
    const { applicationId } = await buildApplication(cp);
    const instance = await buildInstance(cp, applicationId, { flows: answeringFlow('counted'), start: true });
    await answers(instance, 'counted');
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instance.id}/metrics`);
    await signInOnPage(page);

    await page.locator('[data-test=count-start]').click();
    await page.locator('[data-test=count-left]').waitFor();
    for (let i = 0; i < 7; i++) {
      await getFromInstance(instance.url, '/answer');
    }

    const row = page.getByRole('row', { name: /http response/ });
    await row.getByText(/^7\s/).waitFor();
    const link = row.getByRole('link');
    assert.match((await link.getAttribute('href')) ?? '', /\/#node\/.+/);
    await page.getByRole('button', { name: 'Sent' }).click();
    await page.locator('th[aria-sort=descending]', { hasText: 'Sent' }).waitFor();
    await page.getByRole('button', { name: 'Sent' }).click();
    await page.locator('th[aria-sort=ascending]', { hasText: 'Sent' }).waitFor();
    assert.match(
      (await page.locator('[data-test=counted-node]').first().textContent()) ?? '',
      /http response/,
    );

    await page.locator('[data-test=count-end]').click();
    await page.locator('[data-test=count-ended]', { hasText: 'Somebody ended the count.' }).waitFor();
    await page.locator('[data-test=count-start]').click();
    await page.locator('[data-test=count-left]').waitFor();
    await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'restart' } });
    await page.locator('[data-test=count-ended]', { hasText: 'stopped or started again' }).waitFor();
    assert.deepEqual(open.complaints, []);
  });
});
