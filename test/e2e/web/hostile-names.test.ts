import assert from 'node:assert/strict';
import { type OpenPage, openPage, signInOnPage } from '../../support/browser.ts';
import { buildInstance } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { follow, shown } from '../../support/visit.ts';

const HOSTILE = `<img src=x onerror="alert('in')">`;

describe('Names with markup in them', function () {
  this.timeout(180_000);
  let cp: RunningControlPlane;
  let open: OpenPage;
  let paths: string[];

  before(async () => {
    cp = await startControlPlane();
    paths = await furnish();
    open = await openPage();
  });
  after(async () => {
    await open?.close();
    await cp?.stop();
  });

  async function furnish(): Promise<string[]> {
    const name = HOSTILE;
    const { admin } = cp;
    const team = await admin.call('createTeam', { body: { name } });
    const inTeam = { params: { id: team.id } };
    const application = await admin.call('createApplication', {
      ...inTeam,
      body: { name, description: HOSTILE },
    });
    const inApplication = { params: { id: application.id } };
    const instance = await buildInstance(cp, application.id);
    const ofInstance = { params: { id: instance.id } };
    const device = await admin.call('createDevice', {
      ...inTeam,
      body: { name, applicationId: application.id },
    });
    await admin.call('createInstanceSnapshot', { ...ofInstance, body: { name, description: HOSTILE } });
    await admin.call('setInstanceVariables', {
      ...ofInstance,
      body: { items: [{ name: 'LABEL', value: HOSTILE }] },
    });
    const group = await admin.call('createDeviceGroup', { ...inApplication, body: { name } });
    const pipeline = await admin.call('createPipeline', { ...inApplication, body: { name } });
    await admin.call('createWebhook', {
      ...inTeam,
      body: { name, url: 'https://example.com/hook', kinds: ['instance.crashed'] },
    });
    const template = await admin.call('createTemplate', { body: { name, description: HOSTILE } });
    const [stack] = (await admin.call('listStacks')).items;
    await admin.call('updateStack', { params: { id: stack?.id ?? '' }, body: { name } });
    const [type] = (await admin.call('listInstanceTypes')).items;
    await admin.call('updateInstanceType', { params: { id: type?.id ?? '' }, body: { name } });
    await admin.call('createTeamType', { body: { name } });
    const gone = await admin.call('createTeam', { body: { name } });
    await admin.call('deleteTeam', { params: { id: gone.id } });
    const teamPages = [
      '',
      '/applications',
      '/instances',
      '/devices',
      '/pipelines',
      '/people',
      '/audit',
      '/settings',
    ];
    return [
      ...teamPages.map((path) => `/teams/${team.id}${path}`),
      `/applications/${application.id}`,
      `/applications/${application.id}/settings`,
      ...['', '/snapshots', '/variables', '/settings', '/audit'].map(
        (path) => `/instances/${instance.id}${path}`,
      ),
      `/devices/${device.id}`,
      `/device-groups/${group.id}`,
      `/pipelines/${pipeline.id}`,
      '/admin/stacks',
      `/admin/stacks/${stack?.id}`,
      '/admin/instance-types',
      '/admin/team-types',
      '/admin/templates',
      `/admin/templates/${template.id}`,
      '/admin/settings',
      '/admin/audit',
      '/notifications',
    ];
  }

  it('are shown as text on every page', async () => {
    const { page } = open;
    const dialogs: string[] = [];
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    await page.goto(cp.url + paths[0]);
    await signInOnPage(page);
    await page.getByText(HOSTILE).first().waitFor();
    let named = 0;
    for (const path of paths) {
      await follow(page, path);
      await shown(page);
      assert.equal(await page.locator('img[src="x"]').count(), 0, path);
      named += (await page.getByText(HOSTILE).count()) > 0 ? 1 : 0;
    }

    assert.ok(named >= paths.length - 6, `${named} of ${paths.length} pages show the name`);
    assert.deepEqual(dialogs, []);
    assert.deepEqual(open.complaints, []);
  });
});
