import assert from 'node:assert/strict';
import type { DeploymentView } from '@flowyard/protocol';
import type { ApiClient } from '../../support/api-client.ts';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { answeringFlow, buildApplication, buildInstance, buildMember } from '../../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('A push that waits for a second person, on the page', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let teamId: string;
  /** The application in which the last stage is. */
  let plantId: string;
  let stageId: string;
  let ada: { client: ApiClient; username: string };

  before(async () => {
    cp = await startControlPlane();
    open = await openPage({ width: 1280 });
    const place = await buildApplication(cp);
    teamId = place.teamId;
    const params = { id: place.applicationId };
    const pipeline = await cp.admin.call('createPipeline', { params, body: { name: 'Release' } });
    const source = await buildInstance(cp, place.applicationId, { flows: answeringFlow('new') });
    const plant = { params: { id: teamId }, body: { name: 'Plant' } };
    plantId = (await cp.admin.call('createApplication', plant)).id;
    const target = await buildInstance(cp, plantId);
    const at = { params: { id: pipeline.id } };
    const { stages } = await cp.admin.call('createStage', {
      ...at,
      body: { name: 'Development', instanceId: source.id },
    });
    stageId = stages[0]?.id ?? '';
    const to = { name: 'Production', instanceId: target.id, approval: true };
    await cp.admin.call('createStage', { ...at, body: to });
    ada = await buildMember(cp, teamId, 'member');
    await open.page.goto(`${cp.url}/sign-in`);
    await signInOnPage(open.page);
    await open.page.waitForURL((url) => url.pathname !== '/sign-in');
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  async function ask(): Promise<DeploymentView> {
    const { deployment } = await ada.client.call('deployStage', { params: { id: stageId }, body: {} });
    return deployment;
  }
  const view = (id: string) => cp.admin.call('getDeployment', { params: { id } });

  it('needs attention on the overview of the team, and is approved on its own page', async () => {
    const { page } = open;
    await page.goto(`${cp.url}/teams/${teamId}`);
    await page.getByText('Everything is as it should be.').waitFor();
    const { id } = await ask();

    await page.getByText(`${ada.username} asks somebody else to approve it`).click();
    await page.waitForURL(`**/deployments/${id}`);
    const notice = page.locator('[data-test=approval-notice]');
    await notice.getByText(`${ada.username} asks you to approve it`).waitFor();
    await page.locator('[data-test=deployment-compare]').click();
    await page.waitForURL('**/instances/*/compare/snapshot/*');
    await page.getByText('in1').or(page.getByText('http in')).first().waitFor();
    await page.goBack();
    await notice.locator('[data-test=approve]').click();
    await page.getByText('approved by admin').waitFor();

    assert.equal(await notice.count(), 0);
    assert.equal((await view(id)).approval?.name, 'admin');
    assert.deepEqual(open.complaints, []);
  });

  it('is declined with a reason that those who read it later find there', async () => {
    const { page } = open;
    await page.waitForFunction(
      () => document.querySelector('[data-test=deployment] [data-status=succeeded]') !== null,
    );
    await page.locator('[data-test=deployment-compare][href*="/compare/snapshot/"]').click();
    await page.waitForURL('**/snapshots/*/compare/snapshot/*');
    await page.getByRole('link', { name: /^Before push of/ }).waitFor();
    const { id } = await ask();
    await page.goto(`${cp.url}/deployments/${id}`);
    await page.locator('[data-test=decline]').click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Reason, for those who read it later').fill('Not before the audit');
    await dialog.locator('[data-test=submit]').click();
    await page.getByText('Declined by admin: Not before the audit').first().waitFor();

    assert.equal((await view(id)).state, 'aborted');
    assert.deepEqual(open.complaints, []);
  });

  it('has no buttons for whoever asked for it, nor for those who may not push there', async () => {
    const { id } = await ask();
    // Of the pipeline, but not where the push goes.
    const elsewhere = await buildMember(cp, teamId, 'member');
    const role = { params: { id: plantId, userId: elsewhere.userId }, body: { role: 'viewer' } } as const;
    await cp.admin.call('setApplicationRole', role);
    const viewer = await buildMember(cp, teamId, 'viewer');
    for (const [person, text] of [
      [ada.username, 'It begins when somebody else who may push there has approved it.'],
      [viewer.username, 'that does not allow this'],
      [elsewhere.username, 'that does not allow this'],
    ] as const) {
      const other = await openPage();
      try {
        await other.page.goto(`${cp.url}/deployments/${id}`);
        await signInOnPage(other.page, person, ADMIN_PASSWORD);
        const notice = other.page.locator('[data-test=approval-notice]');
        await notice.getByText(text).waitFor();
        assert.equal(await notice.getByRole('button').count(), 0);
      } finally {
        await other.close();
      }
    }
  });
});
