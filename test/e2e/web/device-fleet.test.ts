import assert from 'node:assert/strict';
import { AgentClient } from '../../support/agent-client.ts';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildApplication, buildInstance } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('Many devices on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let teamId: string;
  let applicationId: string;
  let snapshotId: string;
  const ids: string[] = [];
  let agent: AgentClient;

  before(async () => {
    cp = await startControlPlane();
    ({ teamId, applicationId } = await buildApplication(cp));
    const instance = await buildInstance(cp, applicationId);
    const params = { id: instance.id };
    snapshotId = (await cp.admin.call('createInstanceSnapshot', { params, body: { name: 'Filling 1.4' } }))
      .id;
    for (const number of [1, 2, 3, 4]) {
      const { id, credentials } = await cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: `Filler ${number}`, applicationId },
      });
      ids.push(id);
      if (number === 1) {
        agent = await AgentClient.connect(cp.url, credentials.token);
        agent.hello();
      }
    }
    open = await openPage();
    await open.page.goto(`${cp.url}/teams/${teamId}/devices`);
    await signInOnPage(open.page);
    await open.page.getByRole('row', { name: /Filler 1/ }).waitFor();
  });
  after(async () => {
    agent?.close();
    await open?.close();
    await cp?.stop();
  });

  const get = (id: string | undefined) => cp.admin.call('getDevice', { params: { id: id ?? '' } });

  it('are chosen with Shift, labelled together, and found by the label', async () => {
    const { page } = open;
    await page.getByRole('checkbox', { name: 'Choose Filler 1' }).click();
    await page.getByRole('checkbox', { name: 'Choose Filler 3' }).click({ modifiers: ['Shift'] });
    await page.locator('[data-test=bulk-bar]').getByText('3 devices chosen').waitFor();

    await page.locator('[data-test=bulk-labels]').click();
    await page.getByRole('dialog').getByLabel('Add').fill('line=3');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').locator('[data-test=submit]').click();

    await page.getByText('Done for 3 devices').waitFor();
    assert.deepEqual((await get(ids[2])).labels, ['line=3']);
    await page.getByRole('button', { name: 'Show only devices with line=3' }).first().click();
    await page.getByRole('row', { name: /Filler 4/ }).waitFor({ state: 'detached' });
    await page.getByRole('row', { name: /Filler 2/ }).waitFor();
    assert.deepEqual(open.complaints, []);
  });

  it('join a group by its rule, which shows beforehand who they are', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/applications/${applicationId}/device-groups`);
    await page
      .getByRole('button', { name: /New group|Make a group/ })
      .first()
      .click();
    await page.locator('[data-test=name] input').fill('Line 3');
    await page.getByLabel('are all that have certain labels').click();
    await page.getByRole('dialog').getByLabel('All of these labels').fill('line=3');
    await page.keyboard.press('Enter');
    await page.locator('[data-test=rule-preview]').getByText('3 devices').waitFor();
    await page.getByRole('dialog').locator('[data-test=submit]').click();

    await page.getByRole('row', { name: /Filler 3/ }).waitFor();
    assert.equal((await get(ids[0])).deviceGroup?.name, 'Line 3');
    assert.deepEqual(open.complaints, []);
  });

  it('get variables on the page of their group, and a device says where each comes from', async () => {
    const { page } = open;
    const groupId = (await get(ids[0])).deviceGroup?.id ?? '';
    await page.goto(`${cp.url}/device-groups/${groupId}/variables`);
    await page.getByRole('button', { name: 'Add a variable' }).click();
    await page.getByLabel('Name', { exact: true }).fill('HALL');
    await page.getByLabel('Value', { exact: true }).fill('A');
    await page.getByRole('button', { name: 'Save the variables' }).click();
    await agent.target(({ variables }) => variables.below.HALL === 'A');

    await page.goto(`${cp.url}/devices/${ids[0]}/variables`);
    await page.locator('[data-test=variables-from-above]').getByText('from the group Line 3').waitFor();
    assert.deepEqual(open.complaints, []);
  });

  it('have settings of their own', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/devices/${ids[0]}/settings`);
    const field = page.locator('[data-test="setting-runtime.debugLength"] input');
    await field.fill('700');
    await field.blur();
    await page.locator('[data-test=save-settings]').click();

    await agent.target(({ settings }) => settings['runtime.debugLength'] === 700);
    assert.equal(await page.locator('[data-test="setting-palette.npmrc"]').count(), 0);
    assert.deepEqual(open.complaints, []);
  });

  it('say what they run after a move, and keep it when asked', async () => {
    const { page } = open;
    const groupId = (await get(ids[0])).deviceGroup?.id ?? '';
    await cp.admin.call('setDeviceGroupTarget', { params: { id: groupId }, body: { snapshotId } });
    await page.goto(`${cp.url}/devices/${ids[1]}`);
    await page.getByRole('button', { name: 'Assign', exact: true }).click();
    await page.getByLabel('a hosted instance', { exact: false }).click();
    await page.getByLabel('Hosted instance', { exact: true }).click();
    await page.getByRole('option').first().click();
    await page
      .locator('[data-test=afterwards]')
      .getByText(/Keep it: it runs “Filling 1.4”/)
      .waitFor();
    await page
      .locator('[data-test=afterwards]')
      .getByText(/goes on with what it runs/)
      .waitFor();
    await page.getByRole('dialog').locator('[data-test=submit]').click();

    await page.getByText('chosen for this device alone').waitFor();
    assert.equal((await get(ids[1])).targetSnapshot?.id, snapshotId);
    assert.deepEqual(open.complaints, []);
  });

  it('are told one by one why something was not done', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/teams/${teamId}/devices`);
    await page.getByRole('checkbox', { name: 'Choose all that are listed' }).click();
    await page.locator('[data-test=bulk-group]').click();
    await page.getByRole('dialog').locator('[data-test=submit]').click();

    const results = page.locator('[data-test=bulk-results]');
    await results
      .getByText(/takes the devices that have the labels line=3/)
      .first()
      .waitFor();
    assert.deepEqual(open.complaints, []);
  });
});
