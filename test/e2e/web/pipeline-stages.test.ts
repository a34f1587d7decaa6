import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { answeringFlow, buildApplication, buildInstance, buildMember } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('Stages of a pipeline on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let place: { teamId: string; applicationId: string };
  let pipelineId: string;
  const stages = async () => (await cp.admin.call('getPipeline', { params: { id: pipelineId } })).stages;

  before(async () => {
    cp = await startControlPlane();
    open = await openPage();
    place = await buildApplication(cp);
    const params = { id: place.applicationId };
    pipelineId = (await cp.admin.call('createPipeline', { params, body: { name: 'Release' } })).id;
    const source = await buildInstance(cp, place.applicationId, {
      name: 'filling-dev',
      flows: answeringFlow('new'),
    });
    const target = await buildInstance(cp, place.applicationId, { name: 'filling-prod' });
    await cp.admin.call('createDeviceGroup', { params, body: { name: 'Fillers' } });
    const pipeline = { params: { id: pipelineId } };
    await cp.admin.call('createStage', {
      ...pipeline,
      body: { name: 'Development', instanceId: source.id },
    });
    await cp.admin.call('createStage', {
      ...pipeline,
      body: { name: 'Production', instanceId: target.id, approval: true },
    });
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  it('are added with waves and a budget for a group of devices', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/pipelines/${pipelineId}`);
    await signInOnPage(page);
    await page.locator('[data-test=add-stage]').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Name', { exact: true }).fill('Plant');
    await dialog.locator('[data-test=kind]').click();
    await page.getByRole('option', { name: 'Device group' }).click();
    await dialog.locator('[data-test=target]').click();
    await page.getByRole('option', { name: 'Fillers' }).click();
    await dialog.getByLabel('Waves').fill('many');
    await dialog.locator('[data-test=submit]').click();
    await dialog.getByText('Write numbers, shares or “rest”').waitFor();

    await dialog.getByLabel('Waves').fill('1, 10 %, rest');
    await dialog.getByLabel('Health time').fill('5');
    await dialog.getByLabel('So many may fail').fill('2 %');
    await dialog.locator('[data-test=submit]').click();
    await page.getByRole('article', { name: 'Stage Plant' }).waitFor();

    const { rollout } = (await stages())[2] ?? assert.fail('no stage was added');
    assert.deepEqual(rollout.waves, [{ count: 1 }, { percent: 10 }, 'rest']);
    assert.equal(rollout.healthSeconds, 300);
    assert.deepEqual(rollout.failureBudget, { percent: 2 });
    assert.deepEqual(open.complaints, []);
  });

  it('show what a push would change, and the second person approves it', async () => {
    const { page } = open;
    const ada = await buildMember(cp, place.teamId, 'member');
    await page.locator('[data-test=push]').first().click();
    const report = page.locator('[data-test=dry-run]');
    await report.getByText('Nodes: 4 added').waitFor();
    const [canvas] = await Promise.all([
      page.waitForEvent('popup'),
      report.getByRole('link', { name: 'See each change on the canvas' }).click(),
    ]);
    await canvas.getByText('What filling-prod runs now').waitFor();
    await canvas.getByText('What filling-dev runs now').waitFor();
    assert.equal(await canvas.locator('[data-test=change]').count(), 4);
    await canvas.close();
    await page.keyboard.press('Escape');
    const [development] = await stages();
    const { deployment } = await ada.client.call('deployStage', {
      params: { id: development?.id ?? '' },
      body: {},
    });

    const notice = page.locator('[data-test=approval-notice]');
    await notice.getByText(`${ada.username} asks you to approve it`).waitFor();
    await notice.locator('[data-test=approve]').click();
    await notice.waitFor({ state: 'detached' });

    const { approval } = await cp.admin.call('getDeployment', { params: { id: deployment.id } });
    assert.equal(approval?.name, 'admin');
    assert.deepEqual(open.complaints, []);
  });

  it('get a trigger whose address is shown once', async () => {
    const { page } = open;
    await page.getByRole('button', { name: 'Actions on the stage Development' }).click();
    await page.getByText('Triggers', { exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('[data-test=submit]').click();
    await dialog.getByText(/triggers\/fyg_/).waitFor();
    await dialog.getByText('Close').click();

    await page.getByRole('button', { name: 'Actions on the stage Development' }).click();
    await page.getByText('Triggers', { exact: true }).click();
    await dialog.locator('[data-test=trigger]').waitFor();

    assert.equal(await dialog.getByText(/triggers\/fyg_/).count(), 0);
    assert.deepEqual(open.complaints, []);
  });
});
