import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { answeringFlow, buildApplication, buildInstance, deploy } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('Looking at snapshots on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let instanceId: string;
  let first: string;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
    const { applicationId } = await buildApplication(cp);
    instanceId = (await buildInstance(cp, applicationId, { flows: answeringFlow('one') })).id;
    const take = async (name: string) =>
      (await cp.admin.call('createInstanceSnapshot', { params: { id: instanceId }, body: { name } })).id;
    first = await take('First');
    await deploy(cp, instanceId, [
      ...answeringFlow('two').map((node) => (node.id === 'out1' ? { ...node, x: 500 } : node)),
      { id: 'new1', type: 'debug', z: 'tab1', name: 'Watch it', x: 420, y: 160, wires: [] },
    ]);
    await take('Second');
    await open.page.goto(`${cp.url}/instances/${instanceId}/snapshots`);
    await signInOnPage(open.page);
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  const changes = () => open.page.locator('[data-test="change"]');

  it('compares two from the list, the older one first, and steps through the changes by the keyboard', async () => {
    const { page } = open;
    await page.getByLabel('Actions on the snapshot Second').click();
    await page.getByText('Compare with another').click();
    await page.getByLabel('The other snapshot').click();
    await page.getByRole('option', { name: /First/ }).click();
    await page.getByRole('button', { name: 'Compare', exact: true }).click();

    await page.waitForURL(`**/snapshots/${first}/compare/snapshot/**`);
    await changes().first().waitFor();
    assert.equal(await changes().count(), 3);
    await page.getByText('msg.payload = "two";').waitFor();
    await page.keyboard.press('j');
    await page.getByRole('status').getByText('2 of 3: http response, moved: position').waitFor();
    await page.keyboard.press('j');
    await page.getByRole('status').getByText('3 of 3: Watch it, added').waitFor();
    assert.equal(await page.locator('.node.added').count(), 1);
  });

  it('leaves out what was only moved', async () => {
    const { page } = open;
    await page.locator('[data-test="positions"]').click();

    await page.locator('.node.moved').waitFor({ state: 'detached' });
    assert.equal(await changes().count(), 2);
  });

  it('shows a change that is clicked on the canvas', async () => {
    const { page } = open;
    await page.locator('.node.added .label').click();

    await page.getByText('It was not there before.').waitFor();
  });

  it('says that nothing differs from what runs now, when it is so', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/instances/${instanceId}/snapshots`);
    await page.getByLabel('Actions on the snapshot Second').click();
    await page.getByText(/^Compare with what .* runs now$/).click();

    await page.getByText('Nothing differs.').waitFor();
  });

  it('views one, finds nodes by their code and shows their properties', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/snapshots/${first}`);
    await page.locator('[data-test="find-nodes"] input').fill('payload one');
    await page.getByRole('button', { name: /function/ }).click();

    await page.getByRole('region', { name: 'Properties of the node' }).getByText('return msg;').waitFor();
    assert.equal(await page.locator('.node.selected').count(), 1);
    assert.deepEqual(open.complaints, []);
  });
});
