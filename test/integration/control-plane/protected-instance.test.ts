import assert from 'node:assert/strict';
import type { InstanceView } from '@flowyard/protocol';
import { getFromInstance, requestInstance } from '../../support/api-client.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  buildMember,
  instanceIn,
} from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { openEditorOf } from '../../support/editor-session.ts';

describe('A protected instance', function () {
  this.timeout(120_000);
  let cp: RunningControlPlane;
  let teamId: string;
  let applicationId: string;
  let instance: InstanceView;

  before(async () => {
    cp = await startControlPlane();
    ({ teamId, applicationId } = await buildApplication(cp));
    instance = await buildInstance(cp, applicationId, { start: true });
    await instanceIn(cp, instance.id, 'running');
    await cp.admin.call('putInstanceSettings', {
      params: { id: instance.id },
      body: { values: { 'editor.protected': true } },
    });
  });
  after(() => cp?.stop());

  const revision = async () => (await cp.admin.call('getFlows', { params: { id: instance.id } })).revision;

  it('takes no deploy over the API, not even of an owner', async () => {
    const before = await revision();

    const { code } = await cp.admin.refused('putFlows', 409, {
      params: { id: instance.id },
      body: { revision: before, flows: answeringFlow('by hand') },
    });

    assert.equal(code, 'protected_instance');
    assert.equal(await revision(), before);
  });

  it('opens its editor read-only for everybody', async () => {
    const cookie = await openEditorOf(instance, cp.admin);
    const read = await getFromInstance(instance.url, '/flows', { cookie });
    assert.equal(read.status, 200);

    const headers = { cookie, 'content-type': 'application/json', origin: instance.url };
    const body = JSON.stringify(answeringFlow('by hand'));
    const write = await requestInstance(instance.url, 'POST', '/flows', headers, body);

    // Node-RED's answer to whoever may only read.
    assert.equal(write.status, 401);
  });

  it('takes what is pushed to it, and goes back to what it had', async () => {
    const source = await buildInstance(cp, applicationId, { flows: answeringFlow('pushed') });
    const pipeline = await cp.admin.call('createPipeline', {
      params: { id: applicationId },
      body: { name: 'Release' },
    });
    const params = { id: pipeline.id };
    const { stages } = await cp.admin.call('createStage', {
      params,
      body: { name: 'from', instanceId: source.id },
    });
    await cp.admin.call('createStage', { params, body: { name: 'to', instanceId: instance.id } });

    await cp.admin.call('deployStage', { params: { id: stages[0]?.id ?? '' }, body: {} });
    await answers(instance, 'pushed');

    const { items } = await cp.admin.call('listInstanceSnapshots', { params: { id: instance.id } });
    await cp.admin.call('rollBackInstance', {
      params: { id: instance.id },
      body: { snapshotId: items[0]?.id ?? '' },
    });
    const { flows } = await cp.admin.call('getFlows', { params: { id: instance.id } });
    assert.ok(!JSON.stringify(flows).includes('pushed'));
  });

  it('is marked as one wherever it is shown, also when its template says so', async () => {
    const template = await cp.admin.call('createTemplate', {
      body: {
        name: 'Line',
        content: {
          settings: { 'editor.protected': true },
          locked: [],
          variables: [],
          modules: {},
          flows: [],
        },
      },
    });
    const byTemplate = await cp.admin.call('createInstance', {
      params: { id: applicationId },
      body: { name: 'by-template', templateId: template.id, start: false },
    });
    const free = await buildInstance(cp, applicationId);
    const pipeline = { params: { id: applicationId }, body: { name: 'Marks' } };
    const { id } = await cp.admin.call('createPipeline', pipeline);
    for (const { id: instanceId, name } of [free, byTemplate]) {
      await cp.admin.call('createStage', { params: { id }, body: { name, instanceId } });
    }

    const { stages } = await cp.admin.call('getPipeline', { params: { id } });
    const { items } = await cp.admin.call('listInstances', { params: { id: applicationId } });
    const marked = items.filter((item) => item.protected).map((item) => item.id);
    const view = await cp.admin.call('getInstance', { params: { id: instance.id } });

    assert.deepEqual(
      stages.map(({ target }) => target.protected),
      [false, true],
    );
    assert.deepEqual(new Set(marked), new Set([instance.id, byTemplate.id]));
    assert.equal(view.protected, true);
  });

  it('is made and unmade one by owners only', async () => {
    const member = await buildMember(cp, teamId, 'member');

    await member.client.refused('putInstanceSettings', 403, {
      params: { id: instance.id },
      body: { values: {} },
    });
  });
});
