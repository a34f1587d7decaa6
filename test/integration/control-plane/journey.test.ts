import assert from 'node:assert/strict';
import { getFromInstance } from '../../support/api-client.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  deploy,
  instanceIn,
} from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`The journey of a flow, on ${database}`, () => {
    let cp: RunningControlPlane;
    let place: { teamId: string; applicationId: string };

    before(async () => {
      cp = await startControlPlane({ database });
      place = await buildApplication(cp);
    });
    after(() => cp?.stop());

    it('runs a hosted instance whose flows answer at its own host name', async () => {
      const instance = await buildInstance(cp, place.applicationId, {
        start: true,
        flows: answeringFlow('hello'),
      });

      await instanceIn(cp, instance.id, 'running');

      await answers(instance, 'hello');
    });

    it('rolls back to a snapshot and keeps what was there', async () => {
      const instance = await buildInstance(cp, place.applicationId, {
        start: true,
        flows: answeringFlow('one'),
      });
      const snapshot = await cp.admin.call('createInstanceSnapshot', {
        params: { id: instance.id },
        body: { name: 'One' },
      });
      await deploy(cp, instance.id, answeringFlow('two'));
      await answers(instance, 'two');

      const { safetySnapshot } = await cp.admin.call('rollBackInstance', {
        params: { id: instance.id },
        body: { snapshotId: snapshot.id },
      });

      await answers(instance, 'one');
      const kept = await cp.admin.call('getSnapshotFlows', { params: { id: safetySnapshot.id } });
      assert.deepEqual(kept.flows, answeringFlow('two'));
      const view = await cp.admin.call('getInstance', { params: { id: instance.id } });
      assert.deepEqual(view.runningSnapshot, { id: snapshot.id, name: 'One' });
    });

    it('pushes from development to production: flows and names of variables, never values', async () => {
      const development = await buildInstance(cp, place.applicationId, {
        start: true,
        env: { LINE: 'test bench', NEW: 'only here' },
        flows: answeringFlow('pushed'),
      });
      const production = await buildInstance(cp, place.applicationId, {
        start: true,
        env: { LINE: 'hall 4' },
      });
      const stage = await buildTwoStages(cp, place.applicationId, development.id, production.id);

      const { deployment } = await cp.admin.call('deployStage', { params: { id: stage }, body: {} });

      const ended = await finished(cp, deployment.id);
      assert.equal(ended.state, 'succeeded', ended.message ?? '');
      await answers(production, 'pushed');
      const { items } = await cp.admin.call('getInstanceVariables', { params: { id: production.id } });
      assert.deepEqual(items, [
        { name: 'LINE', value: 'hall 4', secret: false },
        { name: 'NEW', value: '', secret: false },
      ]);
    });

    it('goes back by itself when production does not come up with what was pushed', async () => {
      const crashing = [
        ...answeringFlow('never'),
        {
          id: 'inject1',
          type: 'inject',
          z: 'tab1',
          once: true,
          onceDelay: 0.1,
          props: [],
          wires: [['crash1']],
        },
        {
          id: 'crash1',
          type: 'function',
          z: 'tab1',
          func: 'Promise.reject(new Error("a bad flow"));',
          outputs: 1,
          wires: [[]],
        },
      ];
      const development = await buildInstance(cp, place.applicationId, { flows: crashing });
      const production = await buildInstance(cp, place.applicationId, {
        start: true,
        flows: answeringFlow('good'),
      });
      await answers(production, 'good');
      const stage = await buildTwoStages(cp, place.applicationId, development.id, production.id);

      const { deployment } = await cp.admin.call('deployStage', { params: { id: stage }, body: {} });

      const ended = await finished(cp, deployment.id);
      assert.equal(ended.state, 'failed');
      assert.match(ended.message ?? '', /a bad flow/);
      await answers(production, 'good');
    });

    it('keeps credentials readable for the instance that gets them, and for nobody else', async () => {
      const broker = {
        id: 'broker1',
        type: 'mqtt-broker',
        broker: '127.0.0.1',
        port: '1',
        autoConnect: false,
      };
      const development = await buildInstance(cp, place.applicationId);
      const production = await buildInstance(cp, place.applicationId);
      await cp.admin.call('putFlows', {
        params: { id: development.id },
        body: {
          revision: 0,
          flows: [broker],
          credentials: { broker1: { user: 'line', password: 'secret' } },
        },
      });
      const stage = await buildTwoStages(cp, place.applicationId, development.id, production.id);

      const { deployment } = await cp.admin.call('deployStage', { params: { id: stage }, body: {} });
      await finished(cp, deployment.id);

      const read = await cp.admin.call('getFlows', { params: { id: production.id } });
      assert.deepEqual(read.flows, [broker]);
      assert.equal(read.credentials, undefined);
    });

    it('stops, starts, restarts and suspends an instance', async () => {
      const instance = await buildInstance(cp, place.applicationId, {
        start: true,
        flows: answeringFlow('up'),
      });
      await answers(instance, 'up');

      await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'stop' } });
      await instanceIn(cp, instance.id, 'stopped');
      assert.equal((await getFromInstance(instance.url, '/answer')).status, 503);

      await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'start' } });
      await answers(instance, 'up');

      await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'suspend' } });
      await instanceIn(cp, instance.id, 'suspended');
    });

    it('records who did what', async () => {
      const { items } = await cp.admin.call('listTeamAudit', {
        params: { id: place.teamId },
        query: { limit: 200 },
      });

      const events = new Set(items.map((entry) => entry.event));
      for (const event of [
        'instance.created',
        'flows.deployed',
        'snapshot.created',
        'instance.rolled-back',
        'deployment.succeeded',
      ]) {
        assert.ok(events.has(event), `${event} is missing in ${[...events].join(', ')}`);
      }
    });
  });
}

async function buildTwoStages(
  cp: RunningControlPlane,
  applicationId: string,
  first: string,
  second: string,
): Promise<string> {
  const pipeline = await cp.admin.call('createPipeline', {
    params: { id: applicationId },
    body: { name: 'Release' },
  });
  const params = { id: pipeline.id };
  await cp.admin.call('createStage', { params, body: { name: 'Development', instanceId: first } });
  const { stages } = await cp.admin.call('createStage', {
    params,
    body: { name: 'Production', instanceId: second },
  });
  return stages[0]?.id ?? '';
}

function finished(cp: RunningControlPlane, deploymentId: string) {
  return eventually(
    async () => {
      const deployment = await cp.admin.call('getDeployment', { params: { id: deploymentId } });
      return deployment.finishedAt !== null && deployment;
    },
    { withinMs: 90_000 },
  );
}
