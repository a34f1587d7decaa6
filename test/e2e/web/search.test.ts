import assert from 'node:assert/strict';
import type { InstanceView } from '@flowyard/protocol';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { answeringFlow, buildApplication, buildInstance, instanceIn } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('The search on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let instance: InstanceView;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
    const { teamId, applicationId } = await buildApplication(cp);
    instance = await buildInstance(cp, applicationId, { flows: answeringFlow('found') });
    await open.page.goto(`${cp.url}/teams/${teamId}`);
    await signInOnPage(open.page);
    await open.page.getByRole('button', { name: /^Search/ }).waitFor();
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  const box = () => open.page.getByRole('combobox', { name: 'Search this team' });

  it('goes to an instance with the keyboard alone, also when Enter comes before the answer', async () => {
    await open.page.keyboard.press('Control+k');
    await box().fill(instance.name);
    await box().press('Enter');

    await open.page.waitForURL(`**/instances/${instance.id}`);
    await box().waitFor({ state: 'detached' });
  });

  it('opens the editor at the node that was chosen', async () => {
    await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'start' } });
    await instanceIn(cp, instance.id, 'running');
    await open.page.keyboard.press('Control+k');
    await box().fill('http in');
    const hit = open.page.getByRole('group', { name: 'In flows' }).getByRole('option', { name: 'http in' });
    const opened = open.page.context().waitForEvent('page');

    await hit.click();

    const editor = await opened;
    await editor.waitForURL(`${instance.url}/#node/in1`);
    await editor.locator('#in1.red-ui-flow-node-selected, #in1 .red-ui-flow-node-selected').waitFor();
    await editor.close();
  });

  it('says when nothing was found, and when the server does not answer', async () => {
    await open.page.keyboard.press('Control+k');
    await box().fill('no such thing');
    await open.page.getByText('Nothing in this team has “no such thing” in its name.').waitFor();

    await open.page.route('**/search?**', (route) => route.abort());
    await box().fill('anything');
    await open.page.getByRole('dialog').getByRole('alert').waitFor();
    await open.page.unroute('**/search?**');
    await open.page.getByRole('button', { name: 'Try again' }).click();
    await open.page.getByText('“anything”').waitFor();

    assert.deepEqual(
      open.complaints.filter((line) => !/ERR_FAILED/.test(line)),
      [],
    );
  });
});
