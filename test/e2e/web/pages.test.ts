import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { violationsOf } from '../../support/axe.ts';
import { openPage, signInOnPage } from '../../support/browser.ts';
import {
  answeringFlow,
  buildApplication,
  buildInstance,
  buildMember,
  deploy,
} from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { follow, shown } from '../../support/visit.ts';

/** A push into a protected instance that waits for approval. */
async function plannedPush(
  cp: RunningControlPlane,
  { teamId, applicationId }: { teamId: string; applicationId: string },
): Promise<string> {
  const pipeline = await cp.admin.call('createPipeline', {
    params: { id: applicationId },
    body: { name: 'approved' },
  });
  const source = await buildInstance(cp, applicationId, { flows: answeringFlow('new') });
  const target = await buildInstance(cp, applicationId);
  const params = { id: target.id };
  await cp.admin.call('putInstanceSettings', { params, body: { values: { 'editor.protected': true } } });
  const at = { params: { id: pipeline.id } };
  const first = { name: 'from', instanceId: source.id };
  const { stages } = await cp.admin.call('createStage', { ...at, body: first });
  await cp.admin.call('createStage', { ...at, body: { name: 'to', instanceId: target.id, approval: true } });
  const { client } = await buildMember(cp, teamId, 'member');
  const stage = { params: { id: stages[0]?.id ?? '' } };
  return (await client.call('deployStage', { ...stage, body: {} })).deployment.id;
}

/** One thing of each kind, so that no page is empty. */
async function furnish(cp: RunningControlPlane): Promise<string[]> {
  const { teamId, applicationId } = await buildApplication(cp);
  const instance = await buildInstance(cp, applicationId);
  const params = { id: applicationId };
  const snapshot = await cp.admin.call('createInstanceSnapshot', {
    params: { id: instance.id },
    body: { name: 'first' },
  });
  await deploy(cp, instance.id, answeringFlow('second'));
  const { id: deviceId } = await cp.admin.call('createDevice', {
    params: { id: teamId },
    body: { name: 'filler 1', applicationId },
  });
  const group = await cp.admin.call('createDeviceGroup', { params, body: { name: 'fillers' } });
  await cp.admin.call('updateDeviceGroupMembers', { params: { id: group.id }, body: { add: [deviceId] } });
  const pipeline = await cp.admin.call('createPipeline', { params, body: { name: 'release' } });
  const stages = { params: { id: pipeline.id } };
  await cp.admin.call('createStage', { ...stages, body: { name: 'from', instanceId: instance.id } });
  await cp.admin.call('createStage', { ...stages, body: { name: 'to', deviceGroupId: group.id } });
  const planned = await plannedPush(cp, { teamId, applicationId });
  await cp.admin.call('updateSnapshot', {
    params: { id: snapshot.id },
    body: { labels: ['release'], pinned: true },
  });
  const template = await cp.admin.call('createTemplate', { body: { name: 'plant' } });
  await cp.admin.call('createProvisioningToken', { params: { id: teamId }, body: { name: 'token' } });
  const team = [
    '',
    '/applications',
    '/instances',
    '/devices',
    '/devices/provisioning',
    '/pipelines',
    '/blueprints',
    '/people',
  ];
  const application = ['', '/devices', '/device-groups', '/pipelines', '/snapshots', '/audit', '/settings'];
  const tabs = ['', '/snapshots', '/timeline', '/devices', '/log', '/variables', '/settings', '/audit'];
  return [
    ...[...team, '/audit', '/audit/streams', '/settings'].map((tab) => `/teams/${teamId}${tab}`),
    ...application.map((tab) => `/applications/${applicationId}${tab}`),
    ...tabs.map((tab) => `/instances/${instance.id}${tab}`),
    ...['', '/log', '/snapshots', '/audit'].map((tab) => `/devices/${deviceId}${tab}`),
    `/device-groups/${group.id}`,
    `/pipelines/${pipeline.id}`,
    `/deployments/${planned}`,
    `/snapshots/${snapshot.id}`,
    `/instances/${instance.id}/compare/snapshot/${snapshot.id}`,
    ...['', '/modules'].map((tab) => `/snapshots/${snapshot.id}/compare/instance/${instance.id}${tab}`),
    '/admin/stacks',
    '/admin/users',
    '/admin/audit',
    '/admin/audit/streams',
    '/admin/team-types',
    '/admin/blueprints',
    '/admin/templates',
    ...['', '/versions', '/drift'].map((tab) => `/admin/templates/${template.id}${tab}`),
    '/account',
    '/no/such/page',
    '/instances/01nosuchinstance',
  ];
}

/** As from a bookmark: everything is loaded anew. */
const load = (page: Page, path: string) => page.goto(new URL(path, page.url()).href);

describe('every page', function () {
  // There are many of them, and each is laid out and looked through.
  this.timeout(300_000);
  let cp: RunningControlPlane;
  let paths: string[];
  before(async () => {
    cp = await startControlPlane();
    paths = await furnish(cp);
  });
  after(() => cp.stop());

  for (const look of [
    { theme: 'light', width: 1440, from: 'a bookmark', open: load },
    { theme: 'dark', width: 360, from: 'another page', open: follow },
  ] as const) {
    const { theme, width, from, open } = look;
    it(`is without a fault that axe finds, fits and does not complain, ${theme} at ${width} px, from ${from}`, async () => {
      const { page, complaints, close } = await openPage({ theme, width });
      const faults: string[] = [];
      try {
        await page.goto(cp.url);
        await signInOnPage(page);
        await page.waitForURL(/teams/);
        for (const path of paths) {
          await open(page, path);
          await shown(page);
          faults.push(...(await violationsOf(page)));
          const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (overhang > 0) {
            faults.push(`${path}: ${overhang} px too wide`);
          }
        }
      } finally {
        await close();
      }

      // The thing that is not there is asked for on purpose.
      const unexpected = complaints.filter((text) => !/status of 404/.test(text));
      assert.deepEqual([...faults, ...unexpected], []);
    });
  }
});
