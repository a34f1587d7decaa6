import assert from 'node:assert/strict';
import { getFromInstance } from '../../support/api-client.ts';
import { violationsOf } from '../../support/axe.ts';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildInstance, instanceIn } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { gatedFlows } from '../../support/gate-flows.ts';

describe('What flows say, on the page', function () {
  this.timeout(90_000);
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

  it('comes and goes on the page of an instance, with the reason', async () => {
    const { applicationId } = await buildApplication(cp);
    const instance = await buildInstance(cp, applicationId, { start: true, flows: gatedFlows('one') });
    await instanceIn(cp, instance.id, 'running');
    const say = (path: string) =>
      eventually(async () => (await getFromInstance(instance.url, path)).status === 200);
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instance.id}`);
    await signInOnPage(page);
    const unwell = page.locator('[data-test=flow-unwell]');
    const hold = page.locator('[data-test=flow-hold]');
    await page.locator('[data-test=state]').waitFor();
    assert.equal(await unwell.count(), 0);

    await say('/health?say=unwell&reason=%3Cb%3ENo%3C%2Fb%3E%20pressure');
    await say('/lock?say=lock&reason=Batch%2042');
    await unwell.getByText('A flow says that it is not well: <b>No</b> pressure').waitFor();
    await hold.getByText('A flow holds updates: Batch 42').waitFor();
    await hold.getByText('At the latest that ends').waitFor();
    await unwell.getByRole('button').click();
    await page.getByRole('heading', { name: 'Flow health' }).waitFor();
    await page.keyboard.press('Escape');
    assert.deepEqual(await violationsOf(page), []);
    await say('/health?say=well');
    await say('/lock?say=unlock');

    await unwell.waitFor({ state: 'detached' });
    await hold.waitFor({ state: 'detached' });
    assert.deepEqual(open.complaints, []);
  });
});
