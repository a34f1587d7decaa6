import assert from 'node:assert/strict';
import type { InstanceView } from '@flowyard/protocol';
import { getFromInstance } from '../../support/api-client.ts';
import { buildApplication, buildInstance, deploy, instanceIn } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { openEditorOf, postToEditor } from '../../support/editor-session.ts';
import { eventually } from '../../support/eventually.ts';

const MODULE = 'node-red-node-random';
const VERSION = '0.4.1';
const RANDOM_FLOW = [
  { id: 'tab1', type: 'tab', label: 'Random' },
  { id: 'in1', type: 'http in', z: 'tab1', url: '/random', method: 'get', wires: [['random1']] },
  {
    id: 'random1',
    type: 'random',
    z: 'tab1',
    low: '7',
    high: '7',
    inte: 'true',
    property: 'payload',
    wires: [['text1']],
  },
  {
    id: 'text1',
    type: 'template',
    z: 'tab1',
    field: 'payload',
    template: 'number {{payload}}',
    output: 'str',
    wires: [['out1']],
  },
  { id: 'out1', type: 'http response', z: 'tab1', wires: [] },
];

describe('A palette module that somebody installs in the editor', function () {
  this.timeout(180_000);
  let cp: RunningControlPlane;
  let applicationId: string;
  let development: InstanceView;

  before(async () => {
    cp = await startControlPlane();
    ({ applicationId } = await buildApplication(cp));
    development = await buildInstance(cp, applicationId, { start: true });
    await instanceIn(cp, development.id, 'running');
    const cookie = await openEditorOf(development, cp.admin);
    const answer = await postToEditor(development, cookie, '/nodes', { module: MODULE, version: VERSION });
    assert.equal(answer.status, 200, answer.body);
    await deploy(cp, development.id, RANDOM_FLOW);
  });
  after(() => cp?.stop());

  it('is in the audit log and in snapshots, with its exact version', async () => {
    const { modules } = await eventually(async () => {
      const snapshot = await cp.admin.call('createInstanceSnapshot', {
        params: { id: development.id },
        body: { name: 'With module' },
      });
      return Object.keys(snapshot.modules).length > 0 && snapshot;
    });

    assert.deepEqual(modules, { [MODULE]: VERSION });
    const { items } = await cp.admin.call('listInstanceAudit', { params: { id: development.id } });
    const entry = items.find(({ event }) => event === 'editor.nodes.install');
    assert.equal(entry?.actor.name, 'admin');
    assert.equal(entry?.details.module, MODULE);
  });

  it('goes along with a push, and is installed before production changes over', async () => {
    const production = await buildInstance(cp, applicationId, { start: true });
    await instanceIn(cp, production.id, 'running');
    const pipeline = await cp.admin.call('createPipeline', {
      params: { id: applicationId },
      body: { name: 'Release' },
    });
    const params = { id: pipeline.id };
    await cp.admin.call('createStage', { params, body: { name: 'Development', instanceId: development.id } });
    const { stages } = await cp.admin.call('createStage', {
      params,
      body: { name: 'Production', instanceId: production.id },
    });

    const { deployment } = await cp.admin.call('deployStage', {
      params: { id: stages[0]?.id ?? '' },
      body: {},
    });

    const ended = await eventually(
      async () => {
        const now = await cp.admin.call('getDeployment', { params: { id: deployment.id } });
        return now.finishedAt !== null && now;
      },
      { withinMs: 120_000 },
    );
    assert.equal(ended.state, 'succeeded', ended.message ?? '');
    assert.equal((await getFromInstance(production.url, '/random')).body, 'number 7');
  });
});
