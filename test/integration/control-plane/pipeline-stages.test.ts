import assert from 'node:assert/strict';
import type { PipelineView } from '@flowyard/protocol';
import type { ApiClient } from '../../support/api-client.ts';
import { buildApplication, buildInstance, buildMember, uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Stages of pipelines, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let teamId: string;
    let applicationId: string;
    let pipeline: PipelineView;

    before(async () => {
      cp = await startControlPlane({ database });
      ({ teamId, applicationId } = await buildApplication(cp));
    });
    after(() => cp?.stop());
    beforeEach(async () => {
      pipeline = await newPipeline(applicationId);
    });

    const newPipeline = (id: string) =>
      cp.admin.call('createPipeline', { params: { id }, body: { name: uniqueName('pipeline') } });
    const instanceId = async (id = applicationId) => (await buildInstance(cp, id)).id;
    const add = (id: string, name: string, target: string, more: object = {}) =>
      cp.admin.call('createStage', { params: { id }, body: { name, instanceId: target, ...more } });
    const names = (view: PipelineView) => view.stages.map(({ name }) => name).join(' ');
    const pushFrom = (client: ApiClient, stage: string | undefined) => ({
      refused: (status: number) =>
        client.refused('deployStage', status, { params: { id: stage ?? '' }, body: {} }),
    });

    it('are put in anywhere and ordered anew', async () => {
      await add(pipeline.id, 'dev', await instanceId());
      await add(pipeline.id, 'prod', await instanceId());
      const inserted = await add(pipeline.id, 'test', await instanceId(), { position: 1 });
      assert.equal(names(inserted), 'dev test prod');

      const prod = inserted.stages[2]?.id ?? '';
      const moved = await cp.admin.call('updateStage', { params: { id: prod }, body: { position: 0 } });

      assert.equal(names(moved), 'prod dev test');
    });

    it('are there once each in a pipeline', async () => {
      const id = await instanceId();
      await add(pipeline.id, 'dev', id);

      const { code } = await cp.admin.refused('createStage', 409, {
        params: { id: pipeline.id },
        body: { name: 'again', instanceId: id },
      });

      assert.equal(code, 'stage_twice');
    });

    it('never lead back to where they began, through one pipeline or several', async () => {
      const [one, two, three] = [await instanceId(), await instanceId(), await instanceId()];
      await add(pipeline.id, 'one', one);
      await add(pipeline.id, 'two', two);
      const second = await newPipeline(applicationId);
      await add(second.id, 'two', two);
      await add(second.id, 'three', three);
      const third = await newPipeline(applicationId);
      const stage = (await add(third.id, 'one', one)).stages[0]?.id ?? '';

      const { code, details } = await cp.admin.refused('createStage', 409, {
        params: { id: third.id },
        body: { name: 'three', instanceId: three, position: 0 },
      });
      assert.equal(code, 'pipeline_cycle');
      assert.deepEqual(
        new Set(details?.pipelines as string[]),
        new Set([third.name, pipeline.name, second.name]),
      );
      assert.equal(names(await cp.admin.call('getPipeline', { params: { id: third.id } })), 'one');

      await add(third.id, 'three', three);
      const { code: whenMoved } = await cp.admin.refused('updateStage', 409, {
        params: { id: stage },
        body: { position: 1 },
      });
      assert.equal(whenMoved, 'pipeline_cycle');
      assert.equal(names(await cp.admin.call('getPipeline', { params: { id: third.id } })), 'one three');
    });

    it('lead into other applications of the team, for those who may push there', async () => {
      const other = await cp.admin.call('createApplication', {
        params: { id: teamId },
        body: { name: uniqueName('application') },
      });
      const member = await buildMember(cp, teamId, 'member');
      await add(pipeline.id, 'dev', await instanceId());
      const { stages } = await add(pipeline.id, 'plant', await instanceId(other.id));
      assert.equal(stages[1]?.target.applicationId, other.id);
      await cp.admin.call('setApplicationRole', {
        params: { id: other.id, userId: member.userId },
        body: { role: 'viewer' },
      });

      await pushFrom(member.client, stages[0]?.id).refused(403);
      await cp.admin.call('setApplicationRole', {
        params: { id: other.id, userId: member.userId },
        body: { role: 'none' },
      });
      await pushFrom(member.client, stages[0]?.id).refused(403);

      const { deployment } = await cp.admin.call('deployStage', {
        params: { id: stages[0]?.id ?? '' },
        body: {},
      });
      assert.equal(deployment.to.name, 'plant');
    });

    it('do not lead into other teams', async () => {
      const foreign = await buildApplication(cp);

      const { code } = await cp.admin.refused('createStage', 422, {
        params: { id: pipeline.id },
        body: { name: 'theirs', instanceId: await instanceId(foreign.applicationId) },
      });

      assert.equal(code, 'invalid');
    });

    it('are pushed into by owners only, or by those only who are named', async () => {
      const [ada, ben] = [await buildMember(cp, teamId, 'member'), await buildMember(cp, teamId, 'member')];
      await add(pipeline.id, 'dev', await instanceId());
      const { stages } = await add(pipeline.id, 'prod', await instanceId(), { pushers: 'owners' });
      const [dev, prod] = stages.map(({ id }) => id);
      await pushFrom(ada.client, dev).refused(403);

      const { stages: named } = await cp.admin.call('updateStage', {
        params: { id: prod ?? '' },
        body: { pushers: 'people', people: [ada.userId] },
      });

      assert.deepEqual(
        named[1]?.people.map(({ id }) => id),
        [ada.userId],
      );
      assert.equal(named[1]?.protected, true);
      await pushFrom(ben.client, dev).refused(403);
      await pushFrom(cp.admin, dev).refused(403);
      await ada.client.call('deployStage', { params: { id: dev ?? '' }, body: {} });
    });

    it('tell each person what they may do where the stage leads, as a push and an approval answer', async () => {
      const other = await cp.admin.call('createApplication', {
        params: { id: teamId },
        body: { name: uniqueName('application') },
      });
      const [ada, ben, eve] = [
        await buildMember(cp, teamId, 'member'),
        await buildMember(cp, teamId, 'member'),
        await buildMember(cp, teamId, 'viewer'),
      ];
      const roleIn = (id: string, userId: string, role: 'none' | 'viewer' | 'member') =>
        cp.admin.call('setApplicationRole', { params: { id, userId }, body: { role } });
      await roleIn(other.id, ada.userId, 'viewer');
      await roleIn(other.id, eve.userId, 'member');
      await add(pipeline.id, 'dev', await instanceId());
      const { stages } = await add(pipeline.id, 'plant', await instanceId(other.id), { approval: true });
      const params = { id: pipeline.id };
      const rightsOf = async (client: ApiClient) =>
        (await client.call('getPipelineRights', { params })).stages.map(({ mayPush, mayApprove }) => [
          mayPush,
          mayApprove,
        ]);

      assert.deepEqual(await rightsOf(ada.client), [
        [true, true],
        [false, false],
      ]);
      assert.deepEqual(await rightsOf(ben.client), [
        [true, true],
        [true, true],
      ]);
      assert.deepEqual(await rightsOf(eve.client), [
        [false, false],
        [false, false],
      ]);
      await pushFrom(ada.client, stages[0]?.id).refused(403);
      await pushFrom(eve.client, stages[0]?.id).refused(403);
      const from = { params: { id: stages[0]?.id ?? '' } };
      const { deployment } = await ben.client.call('deployStage', { ...from, body: {} });
      const decision = { params: { id: deployment.id }, body: { approve: true } };
      await ada.client.refused('decideDeployment', 403, decision);
      await eve.client.refused('decideDeployment', 403, decision);

      await roleIn(applicationId, ben.userId, 'none');
      await ben.client.refused('getPipelineRights', 404, { params });
      await roleIn(applicationId, ada.userId, 'none');
      await roleIn(applicationId, ada.userId, 'member');
      await roleIn(other.id, ada.userId, 'member');
      const [, plant] = (await ada.client.call('getPipelineRights', { params })).stages;
      assert.deepEqual(plant, { id: stages[1]?.id, mayPush: true, mayApprove: true, whyNot: null });
      await ada.client.call('decideDeployment', decision);
    });

    it('name nobody who could not push there', async () => {
      const viewer = await buildMember(cp, teamId, 'viewer');
      const { stages } = await add(pipeline.id, 'dev', await instanceId());
      const params = { id: stages[0]?.id ?? '' };

      for (const people of [[viewer.userId], []]) {
        await cp.admin.refused('updateStage', 422, { params, body: { pushers: 'people', people } });
      }
      await cp.admin.refused('updateStage', 422, { params, body: { pushers: 'people' } });

      const { stages: after } = await cp.admin.call('getPipeline', { params: { id: pipeline.id } });
      assert.equal(after[0]?.pushers, 'members');
    });
  });
}
