import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import type { FlowNode } from '@flowyard/protocol';
import { buildApplication, buildInstance, deploy, instanceIn } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const require = createRequire(createRequire(import.meta.url).resolve('node-red/package.json'));
const EXAMPLES = join(dirname(require.resolve('@node-red/nodes/package.json')), 'examples');

function exampleFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

describe('Every example flow that Node-RED ships', () => {
  let cp: RunningControlPlane;
  let source: string;
  let target: string;
  let stage: string;

  before(async () => {
    cp = await startControlPlane();
    const { applicationId } = await buildApplication(cp);
    source = (await buildInstance(cp, applicationId, { start: true })).id;
    target = (await buildInstance(cp, applicationId)).id;
    await instanceIn(cp, source, 'running');
    const pipeline = await cp.admin.call('createPipeline', {
      params: { id: applicationId },
      body: { name: 'Examples' },
    });
    const params = { id: pipeline.id };
    await cp.admin.call('createStage', {
      params,
      body: { name: 'From', instanceId: source, action: 'active' },
    });
    const { stages } = await cp.admin.call('createStage', {
      params,
      body: { name: 'To', instanceId: target },
    });
    stage = stages[0]?.id ?? '';
  });
  after(() => cp?.stop());

  for (const file of exampleFiles(EXAMPLES)) {
    it(`comes out as it went in: ${relative(EXAMPLES, file)}`, async () => {
      const flows: FlowNode[] = JSON.parse(readFileSync(file, 'utf8'));

      await deploy(cp, source, flows);
      const snapshot = await cp.admin.call('createInstanceSnapshot', {
        params: { id: source },
        body: { name: 'Example' },
      });
      const { deployment } = await cp.admin.call('deployStage', { params: { id: stage }, body: {} });
      await eventually(
        async () => (await cp.admin.call('getDeployment', { params: { id: deployment.id } })).finishedAt,
      );
      await deploy(cp, source, []);
      await cp.admin.call('rollBackInstance', { params: { id: source }, body: { snapshotId: snapshot.id } });

      assert.equal(snapshot.nodes + snapshot.flows, flows.length);
      for (const id of [source, target]) {
        assert.deepEqual((await cp.admin.call('getFlows', { params: { id } })).flows, flows);
      }
      assert.deepEqual(
        (await cp.admin.call('getSnapshotFlows', { params: { id: snapshot.id } })).flows,
        flows,
      );
    });
  }

  it('leaves the instance running', async () => {
    await instanceIn(cp, source, 'running');
  });
});
