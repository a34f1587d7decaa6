import assert from 'node:assert/strict';
import {
  answeringFlow,
  buildApplication,
  buildInstance,
  buildMember,
  deploy,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`The timeline, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let teamId: string;
    let applicationId: string;
    let instanceId: string;
    let snapshotId: string;
    let deploymentId: string;

    before(async () => {
      cp = await startControlPlane({ database });
      ({ teamId, applicationId } = await buildApplication(cp));
      instanceId = (await buildInstance(cp, applicationId, { flows: answeringFlow('one') })).id;
      const params = { id: instanceId };
      await cp.admin.call('setInstanceVariables', {
        params,
        body: { items: [{ name: 'LINE', value: '1', secret: false }] },
      });
      snapshotId = (await cp.admin.call('createInstanceSnapshot', { params, body: { name: 'First' } })).id;
      await deploy(cp, instanceId, answeringFlow('two'));
      await cp.admin.call('rollBackInstance', { params, body: { snapshotId } });
      const target = await buildInstance(cp, applicationId);
      const pipeline = await cp.admin.call('createPipeline', {
        params: { id: applicationId },
        body: { name: 'release' },
      });
      const stages = { params: { id: pipeline.id } };
      const { stages: made } = await cp.admin.call('createStage', {
        ...stages,
        body: { name: 'from', instanceId: target.id },
      });
      await cp.admin.call('createStage', { ...stages, body: { name: 'to', instanceId } });
      const { deployment } = await cp.admin.call('deployStage', {
        params: { id: made[0]?.id ?? '' },
        body: {},
      });
      deploymentId = deployment.id;
      await eventually(async () =>
        (await line()).items.some(({ text }) => text === 'Before push of Push to to'),
      );
    });
    after(() => cp?.stop());

    const line = (query: { limit?: number; before?: string; kind?: string } = {}) =>
      cp.admin.call('getInstanceTimeline', { params: { id: instanceId }, query } as never);

    it('has deploys, snapshots, settings and pushes, newest first', async () => {
      const { items, more } = await line();

      assert.equal(more, false);
      assert.deepEqual(
        items
          .filter(({ kind }) => kind !== 'push')
          .map(({ event, text }) => [event, text])
          .slice(-6),
        [
          ['instance.rolled-back', 'First'],
          ['snapshot.created', 'Before roll back to First'],
          ['flows.deployed', 'revision 2'],
          ['snapshot.created', 'First'],
          ['instance.variables-changed', 'LINE'],
          ['flows.deployed', 'revision 1'],
        ],
      );
      assert.deepEqual(
        items.map(({ at }) => at),
        items
          .map(({ at }) => at)
          .sort()
          .reverse(),
      );
      const push = items.find(({ kind }) => kind === 'push');
      assert.equal(push?.deploymentId, deploymentId);
    });

    it('is given page by page, and of one kind', async () => {
      const all = (await line()).items;
      const first = await line({ limit: 2 });
      const second = await line({ limit: 200, before: first.items.at(-1)?.id ?? '' });

      assert.equal(first.more, true);
      assert.deepEqual([...first.items, ...second.items], all);
      for (const kind of ['deploy', 'snapshot', 'push', 'settings', 'trouble'] as const) {
        assert.deepEqual(
          (await line({ kind })).items,
          all.filter((entry) => entry.kind === kind),
        );
      }
    });

    it('is for whoever may read the instance', async () => {
      const viewer = await buildMember(cp, teamId, 'viewer');
      const dashboard = await buildMember(cp, teamId, 'dashboard');

      await viewer.client.call('getInstanceTimeline', { params: { id: instanceId } });
      await dashboard.client.refused('getInstanceTimeline', 404, { params: { id: instanceId } });
    });

    it('shows no way to a push of a pipeline in another application', async () => {
      const elsewhere = await cp.admin.call('createApplication', {
        params: { id: teamId },
        body: { name: 'Other' },
      });
      const source = await buildInstance(cp, elsewhere.id);
      const pipeline = await cp.admin.call('createPipeline', {
        params: { id: elsewhere.id },
        body: { name: 'across' },
      });
      const stages = { params: { id: pipeline.id } };
      const { stages: made } = await cp.admin.call('createStage', {
        ...stages,
        body: { name: 'from', instanceId: source.id },
      });
      const alone = await buildInstance(cp, applicationId);
      await cp.admin.call('createStage', { ...stages, body: { name: 'to', instanceId: alone.id } });
      await cp.admin.call('deployStage', { params: { id: made[0]?.id ?? '' }, body: {} });

      const { items } = await cp.admin.call('getInstanceTimeline', { params: { id: alone.id } });

      assert.deepEqual(
        items.filter(({ kind }) => kind === 'push').map((push) => push.deploymentId),
        [null],
      );
    });

    it('is there for a device', async () => {
      const device = await cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: 'press', applicationId },
      });
      await cp.admin.call('setDeviceTarget', { params: { id: device.id }, body: { snapshotId } });

      const { items } = await cp.admin.call('getDeviceTimeline', { params: { id: device.id } });

      assert.deepEqual(
        items.map(({ event, text }) => [event, text]),
        [['device.target-set', 'First']],
      );
    });
  });
}
