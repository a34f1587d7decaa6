import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { StageTriggerStore } from '../../../control-plane/src/features/pipelines/trigger-store.ts';
import { answeringFlow, buildApplication, buildInstance, buildMember } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Triggers of a stage, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let knex: Knex;
    let teamId: string;
    let pipelineId: string;
    let source: string;
    let stage: { id: string };

    before(async () => {
      cp = await startControlPlane({ database });
      knex = openDatabase(cp.database);
    });
    after(async () => {
      await knex?.destroy();
      await cp?.stop();
    });
    beforeEach(async () => {
      const place = await buildApplication(cp);
      teamId = place.teamId;
      source = (await buildInstance(cp, place.applicationId, { flows: answeringFlow('new') })).id;
      const target = await buildInstance(cp, place.applicationId);
      const pipeline = await cp.admin.call('createPipeline', {
        params: { id: place.applicationId },
        body: { name: 'Release' },
      });
      pipelineId = pipeline.id;
      const params = { id: pipelineId };
      await cp.admin.call('createStage', { params, body: { name: 'from', instanceId: source } });
      const { stages } = await cp.admin.call('createStage', {
        params,
        body: { name: 'to', instanceId: target.id },
      });
      stage = { id: stages[0]?.id ?? '' };
    });

    const pushes = async () => (await cp.admin.call('listDeployments', { params: { id: pipelineId } })).items;
    const triggers = async () => (await cp.admin.call('listTriggers', { params: stage })).items;
    const pushed = (count: number) =>
      eventually(
        async () => {
          const all = await pushes();
          return all.length === count && all.every(({ finishedAt }) => finishedAt !== null) && all;
        },
        { withinMs: 20_000 },
      );
    const take = (name: string) =>
      cp.admin.call('createInstanceSnapshot', { params: { id: source }, body: { name } });
    const pull = (path: string | null, body: object = {}) =>
      fetch(`${cp.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });

    it('push at a request to their address, which nobody can guess', async () => {
      const { webhookPath } = await cp.admin.call('createTrigger', {
        params: stage,
        body: { kind: 'webhook' },
      });

      const answer = await pull(webhookPath);

      assert.equal(answer.status, 202);
      const [push] = await pushed(1);
      assert.equal(push?.author, 'admin');
      assert.equal(((await answer.json()) as { deploymentId: string }).deploymentId, push?.id);
      assert.equal((await pull('/api/v1/triggers/fyg_nobody-knows')).status, 404);
      assert.ok(!JSON.stringify(await triggers()).includes(webhookPath?.split('/').at(-1) ?? '?'));
    });

    it('push each snapshot that somebody takes, and none from before', async () => {
      await take('Before');
      await cp.admin.call('createTrigger', { params: stage, body: { kind: 'snapshot' } });
      await take('After');

      const [push] = await pushed(1);
      assert.equal(push?.snapshot.name, 'After');

      await take('Later');
      assert.equal((await pushed(2))[0]?.snapshot.name, 'Later');
    });

    it('push on a schedule, and know when it is next', async () => {
      await cp.admin.call('createTrigger', {
        params: stage,
        body: { kind: 'schedule', cron: '0 3 * * *', timeZone: 'Europe/Berlin' },
      });
      const [planned] = await triggers();
      assert.match(planned?.nextAt ?? '', /T0[12]:00:00/);

      await knex('stage_triggers').update({ next_at: '2020-01-01T00:00:00.000Z' });

      await pushed(1);
      const [after] = await triggers();
      assert.ok((after?.nextAt ?? '') > new Date().toISOString());
      assert.equal(after?.lastProblem, null);
    });

    it('push once for each time, also when two control planes have begun to', async () => {
      await cp.admin.call('createTrigger', {
        params: stage,
        body: { kind: 'schedule', cron: '0 3 * * *', timeZone: 'UTC' },
      });
      const store = new StageTriggerStore(knex);
      const [seen] = await store.of(stage.id);
      assert.ok(seen);
      const outcome = {
        lastAt: new Date().toISOString(),
        lastProblem: null,
        nextAt: '2030-01-01T03:00:00.000Z',
      };

      assert.equal(await store.settle(seen, outcome), true);
      assert.equal(await store.settle(seen, outcome), false);
    });

    it('stop when whoever made them may not push any more, and say why', async () => {
      const owner = await buildMember(cp, teamId, 'owner');
      const { webhookPath } = await owner.client.call('createTrigger', {
        params: stage,
        body: { kind: 'webhook' },
      });
      await cp.admin.call('updateMember', {
        params: { id: teamId, userId: owner.userId },
        body: { role: 'viewer' },
      });

      assert.equal((await pull(webhookPath)).status, 403);

      const [trigger] = await triggers();
      assert.match(trigger?.lastProblem ?? '', /role here is viewer/);
      assert.deepEqual(await pushes(), []);
      const { items } = await cp.admin.call('listTeamAudit', { params: { id: teamId } });
      assert.ok(items.some(({ event }) => event === 'pipeline.trigger-failed'));
    });

    it('are taken away, and their address with them', async () => {
      const { trigger, webhookPath } = await cp.admin.call('createTrigger', {
        params: stage,
        body: { kind: 'webhook' },
      });

      await cp.admin.call('deleteTrigger', { params: { ...stage, triggerId: trigger.id } });

      assert.equal((await pull(webhookPath)).status, 404);
      await cp.admin.refused('deleteTrigger', 404, { params: { ...stage, triggerId: trigger.id } });
    });

    it('refuse what could never push', async () => {
      const refused = (body: { kind: 'schedule'; cron: string; timeZone: string }) =>
        cp.admin.refused('createTrigger', 422, { params: stage, body });
      await refused({ kind: 'schedule', cron: 'at noon', timeZone: 'UTC' });
      await refused({ kind: 'schedule', cron: '0 3 * * *', timeZone: 'Europe/Nowhere' });
      await cp.admin.call('updateStage', { params: stage, body: { action: 'prompt' } });
      await refused({ kind: 'schedule', cron: '0 3 * * *', timeZone: 'UTC' });

      assert.deepEqual(await triggers(), []);
    });
  });
}
