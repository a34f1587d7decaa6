import assert from 'node:assert/strict';
import type { InstanceView } from '@flowyard/protocol';
import {
  answers,
  buildApplication,
  buildInstance,
  buildMember,
  instanceIn,
  uniqueName,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow } from '../../support/node-red-flows.ts';

describe('The log of an instance', function () {
  this.timeout(60_000);
  let cp: ControlPlaneInProcess;
  let instance: InstanceView;
  let teamId: string;

  before(async () => {
    cp = await startControlPlane();
    const built = await buildApplication(cp);
    teamId = built.teamId;
    instance = await buildInstance(cp, built.applicationId, {
      name: uniqueName('logged'),
      start: true,
      flows: buildHttpFlow({
        path: '/log',
        code: `node.warn('Pump 1 is hot'); node.error('Pump 2 failed'); node.log('all said'); msg.payload = 'ok'; return msg;`,
      }),
    });
    await answers(instance, 'ok', '/log');
    await eventually(async () => (await search({ search: 'all said' })).length > 0);
    await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'suspend' } });
    await instanceIn(cp, instance.id, 'suspended');
  });
  after(() => cp?.stop());

  const search = async (query: Record<string, string | number>) =>
    (await cp.admin.call('getInstanceLogs', { params: { id: instance.id }, query })).items;

  it('is searched by text and level, also while it is suspended', async () => {
    const texts = async (query: Record<string, string | number>) =>
      (await search(query)).map(({ text }) => text.replace(/^\[[^\]]*\] /, ''));

    assert.deepEqual((await texts({ search: 'PUMP', lines: 2 })).slice(-2), [
      'Pump 1 is hot',
      'Pump 2 failed',
    ]);
    assert.ok((await texts({ level: 'error' })).every((text) => text === 'Pump 2 failed'));
    assert.deepEqual(await texts({ level: 'error', search: 'is hot' }), []);
  });

  it('is exported whole as text', async () => {
    const { headers, body } = await cp.admin.send('GET', `/instances/${instance.id}/logs/export`);

    assert.match(headers.get('content-type') ?? '', /^text\/plain/);
    assert.match(
      headers.get('content-disposition') ?? '',
      new RegExp(`attachment; filename="?${instance.name}.log"?$`),
    );
    assert.match(String(body), /Z warn \[function:[^\]]*\] Pump 1 is hot\n/);
    assert.match(String(body), /Welcome to Node-RED/);
  });

  it('is for whoever may read the instance', async () => {
    const { client } = await buildMember(cp, teamId, 'dashboard');

    await client.refused('exportInstanceLogs', 404, { params: { id: instance.id } });
  });

  it('refuses a level that there is not', async () => {
    await cp.admin.refused('getInstanceLogs', 422, { params: { id: instance.id }, query: { level: 'loud' } });
    await cp.admin.refused('getInstanceLogs', 422, {
      params: { id: instance.id },
      query: { search: 'x'.repeat(201) },
    });
  });
});
