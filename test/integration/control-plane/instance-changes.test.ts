import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { FlowNode, InstanceChangeView, InstanceView } from '@flowyard/protocol';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  buildMember,
  instanceIn,
  uniqueName,
} from '../../support/builders.ts';
import {
  type ControlPlaneInProcess,
  type RunningControlPlane,
  startControlPlane,
} from '../../support/control-plane.ts';
import { ControlPlaneProcess } from '../../support/control-plane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { LiveClient } from '../../support/live-client.ts';
import { buildStack, CRASHES, STARTS_LATE } from '../../support/stacks.ts';

const WITHOUT_TYPE: FlowNode[] = [
  { id: 'tab1', type: 'tab', label: 'Missing' },
  { id: 'no1', type: 'no-such-node', z: 'tab1', wires: [] },
];

async function running(cp: RunningControlPlane, applicationId: string, text: string): Promise<InstanceView> {
  const instance = await buildInstance(cp, applicationId, { start: true, flows: answeringFlow(text) });
  await answers(instance, text);
  return instanceIn(cp, instance.id, 'running');
}

function change(cp: RunningControlPlane, id: string, body: object): Promise<InstanceChangeView> {
  return cp.admin.call('changeInstance', { params: { id }, body });
}

/** A stage whose push goes into the instance. */
async function stageBefore(cp: RunningControlPlane, { id, application }: InstanceView): Promise<string> {
  const from = await buildInstance(cp, application.id);
  const pipeline = await cp.admin.call('createPipeline', {
    params: { id: application.id },
    body: { name: uniqueName('line') },
  });
  const params = { id: pipeline.id };
  await cp.admin.call('createStage', { params, body: { name: 'From', instanceId: from.id } });
  const { stages } = await cp.admin.call('createStage', { params, body: { name: 'To', instanceId: id } });
  return stages[0]?.id ?? '';
}

/** Resolves when the change is through. */
function ended(cp: RunningControlPlane, { instance, id }: InstanceChangeView): Promise<InstanceChangeView> {
  return eventually(
    async () => {
      const { items } = await cp.admin.call('listInstanceChanges', { params: { id: instance.id } });
      return items.find((item) => item.id === id && item.finishedAt !== null);
    },
    { withinMs: 60_000 },
  );
}

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`A change of stack or type, on ${database}`, function () {
    this.timeout(120_000);
    let cp: ControlPlaneInProcess;
    let place: { teamId: string; applicationId: string };
    before(async () => {
      cp = await startControlPlane({ database, config: { healthSeconds: 1 } });
      place = await buildApplication(cp);
    });
    after(() => cp?.stop());

    it('moves a running instance when it runs well there, with a snapshot before', async () => {
      const instance = await running(cp, place.applicationId, 'moved');
      const stack = await buildStack(cp);
      const live = await LiveClient.connect(cp.url, cp.admin.authentication);
      live.subscribe(`instance/${instance.id}`);

      const asked = await change(cp, instance.id, { stackId: stack.id });
      const done = await ended(cp, asked);

      assert.equal(done.state, 'succeeded', `${done.message}\n${done.log.join('\n')}`);
      assert.equal(done.snapshot?.name, `Before change to ${stack.name}`);
      assert.deepEqual([done.from.stack.id, done.to.stack.id], [instance.stack.id, stack.id]);
      await answers(instance, 'moved');
      const now = await cp.admin.call('getInstance', { params: { id: instance.id } });
      assert.deepEqual([now.stack.id, now.change, now.state], [stack.id, null, 'running']);
      const told = live.messages
        .filter((message) => message.type === 'value')
        .map((message) => (message as { value: InstanceView }).value.change?.state);
      live.close();
      assert.ok(told.includes('checking'), told.join());
      const { items } = await cp.admin.call('listInstanceAudit', { params: { id: instance.id } });
      const events = items.map(({ event }) => event);
      assert.ok(events.includes('instance.change-asked') && events.includes('instance.change-succeeded'));
    });

    it('returns an instance from a stack that does not start, with the reason and the log', async () => {
      const instance = await running(cp, place.applicationId, 'stays');
      const stack = await buildStack(cp, { code: CRASHES });

      const done = await ended(cp, await change(cp, instance.id, { stackId: stack.id }));

      assert.equal(done.state, 'returned', done.message ?? '');
      assert.match(done.message ?? '', /ended|exit/i);
      assert.ok(
        done.log.some((line) => line.includes('this stack does not start')),
        done.log.join('\n'),
      );
      await answers(instance, 'stays');
      const now = await instanceIn(cp, instance.id, 'running');
      assert.deepEqual([now.stack.id, now.change], [instance.stack.id, null]);
      const told = (await cp.admin.call('listNotifications')).items.filter(
        ({ kind, subject }) => kind === 'instance.returned' && subject.id === instance.id,
      );
      assert.equal(told.length, 1);
      assert.match(told[0]?.text ?? '', /did not work/);
    });

    it('changes nothing when the files of the stack are gone', async () => {
      const instance = await running(cp, place.applicationId, 'same');
      const stack = await buildStack(cp);
      rmSync(stack.folder, { recursive: true });

      const done = await ended(cp, await change(cp, instance.id, { stackId: stack.id }));

      assert.deepEqual([done.state, done.snapshot], ['failed', null]);
      assert.match(done.message ?? '', /^Nothing was changed\. The stack .* is not installed any more/);
      await answers(instance, 'same');
    });

    it('returns an instance whose flows do not run well; it is then as it was before', async () => {
      const instance = await buildInstance(cp, place.applicationId, { start: true, flows: WITHOUT_TYPE });
      await instanceIn(cp, instance.id, 'error');
      const stack = await buildStack(cp);

      const done = await ended(cp, await change(cp, instance.id, { stackId: stack.id }));

      assert.equal(done.state, 'returned');
      assert.match(done.message ?? '', /no-such-node[\s\S]*as it was before the change: error/);
      const now = await cp.admin.call('getInstance', { params: { id: instance.id } });
      assert.equal(now.stack.id, instance.stack.id);
    });

    it('is alone: a second one and other actions are refused, with who moves it where', async () => {
      const instance = await running(cp, place.applicationId, 'alone');
      const stack = await buildStack(cp);
      const ask = () =>
        cp.admin.send('POST', `/instances/${instance.id}/changes`, { body: { stackId: stack.id } });

      const both = await Promise.all([ask(), ask()]);
      const params = { id: instance.id };
      const stop = await cp.admin.refused('controlInstance', 409, { params, body: { action: 'stop' } });
      const snapshot = await cp.admin.call('createInstanceSnapshot', { params, body: { name: 'now' } });
      const rollBack = await cp.admin.refused('rollBackInstance', 409, {
        params,
        body: { snapshotId: snapshot.id },
      });
      const push = await cp.admin.refused('deployStage', 409, {
        params: { id: await stageBefore(cp, instance) },
        body: {},
      });
      const removal = await cp.admin.refused('deleteStack', 409, { params: { id: stack.id } });

      assert.deepEqual(both.map(({ status }) => status).sort(), [202, 409]);
      for (const refusal of [stop, rollBack, push]) {
        assert.equal(refusal.code, 'change_under_way');
      }
      assert.match(stop.message, new RegExp(`^admin is moving ${instance.name} to ${stack.name}`));
      assert.equal(removal.code, 'in_use');
      const accepted = both.find(({ status }) => status === 202)?.body as InstanceChangeView;
      assert.equal((await ended(cp, accepted)).state, 'succeeded');
      await cp.admin.call('controlInstance', { params, body: { action: 'stop' } });
    });

    it('ends when the instance is deleted; restored, it has the stack that it had', async () => {
      const instance = await running(cp, place.applicationId, 'deleted');
      const stack = await buildStack(cp, { code: STARTS_LATE });
      const params = { id: instance.id };
      await change(cp, instance.id, { stackId: stack.id });
      await eventually(async () => {
        const { change: now } = await cp.admin.call('getInstance', { params });
        return now !== null && ['stopping', 'starting'].includes(now.state);
      });

      await cp.admin.call('deleteInstance', { params });
      await eventually(
        async () => (await cp.admin.call('getStack', { params: { id: stack.id } })).instances === 0,
      );
      await cp.admin.call('restoreInstance', {
        params: { id: place.teamId, instanceId: instance.id },
      });

      const now = await cp.admin.call('getInstance', { params });
      const { items } = await cp.admin.call('listInstanceChanges', { params });
      assert.deepEqual([now.stack.id, now.change], [instance.stack.id, null]);
      assert.deepEqual(
        items.map(({ state, message }) => [state, message]),
        [['failed', 'The instance was deleted in the meantime.']],
      );
    });

    it('of a stopped instance holds from its next start, and says that nothing was tried', async () => {
      const instance = await buildInstance(cp, place.applicationId);
      const stack = await buildStack(cp);

      const done = await ended(cp, await change(cp, instance.id, { stackId: stack.id }));

      assert.equal(done.state, 'succeeded');
      assert.match(done.message ?? '', /nothing was tried/);
      const now = await cp.admin.call('getInstance', { params: { id: instance.id } });
      assert.deepEqual([now.stack.id, now.desired], [stack.id, 'stopped']);
    });

    it('of the type obeys the limits of the team, also for two at once', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const type = await cp.admin.call('createInstanceType', {
        body: { name: uniqueName('Large'), memoryMb: 256 },
      });
      const teamType = await cp.admin.call('createTeamType', {
        body: { name: uniqueName('One'), limits: { instancesByType: { [type.id]: 1 } } },
      });
      await cp.admin.call('updateTeam', { params: { id: teamId }, body: { teamTypeId: teamType.id } });
      const [a, b] = [await buildInstance(cp, applicationId), await buildInstance(cp, applicationId)];

      const asked = await Promise.all(
        [a, b].map(({ id }) =>
          cp.admin.send('POST', `/instances/${id}/changes`, { body: { instanceTypeId: type.id } }),
        ),
      );
      const accepted = asked.filter(({ status }) => status === 202);
      await Promise.all(accepted.map(({ body }) => ended(cp, body as InstanceChangeView)));

      const types = await Promise.all(
        [a, b].map(
          async ({ id }) => (await cp.admin.call('getInstance', { params: { id } })).instanceType.id,
        ),
      );
      assert.equal(types.filter((id) => id === type.id).length, 1);
    });

    it('is refused for what is not there, not new or not allowed', async () => {
      const instance = await buildInstance(cp, place.applicationId);
      const params = { id: instance.id };
      const { client } = await buildMember(cp, place.teamId, 'viewer');
      const stack = await buildStack(cp);
      await client.refused('changeInstance', 403, { params, body: { stackId: stack.id } });
      for (const [body, field] of [
        [{}, 'stackId'],
        [{ stackId: instance.stack.id }, 'stackId'],
        [{ stackId: 'nothing0' }, 'stackId'],
        [{ instanceTypeId: 'nothing0' }, 'instanceTypeId'],
        [{ stackId: '../../../etc' }, 'stackId'],
        [{ colour: 'red' }, 'colour'],
      ] as const) {
        const error = await cp.admin.refused('changeInstance', 422, { params, body });
        assert.match(JSON.stringify(error), new RegExp(field));
      }
      const { items } = await cp.admin.call('listInstanceChanges', { params });
      assert.deepEqual(items, []);
    });

    it('moves several instances of a stack one after the other', async () => {
      const from = await buildStack(cp);
      const to = await buildStack(cp);
      const rows = openDatabase(cp.database);
      await rows('stacks').where({ id: from.id }).update({ replaced_by: to.id });
      await rows.destroy();
      const make = async () => {
        const body = { name: uniqueName('many'), stackId: from.id };
        const made = await cp.admin.call('createInstance', { params: { id: place.applicationId }, body });
        return instanceIn(cp, made.id, 'running');
      };
      const instances = [await make(), await make()];
      assert.deepEqual(instances[0]?.stackUpdate, { id: to.id, name: to.name });
      const stranger = (await buildMember(cp, null)).client;
      const viewer = (await buildMember(cp, place.teamId, 'viewer')).client;
      const params = { id: from.id };
      const body = { stackId: to.id, instanceIds: instances.map(({ id }) => id) };
      assert.deepEqual((await stranger.call('listStackInstances', { params })).items, []);
      assert.deepEqual(
        (await viewer.call('listStackInstances', { params })).items.map(({ mayChange }) => mayChange),
        [false, false],
      );
      await stranger.refused('changeStackInstances', 404, { params, body });
      await viewer.refused('changeStackInstances', 403, { params, body });

      const { items } = await cp.admin.call('changeStackInstances', { params, body });
      const [first, second] = await Promise.all(items.map((item) => ended(cp, item)));

      assert.deepEqual([first?.state, second?.state], ['succeeded', 'succeeded']);
      const { items: snapshots } = await cp.admin.call('listInstanceSnapshots', {
        params: { id: second?.instance.id ?? '' },
      });
      assert.ok(
        (snapshots[0]?.createdAt ?? '') >= (first?.finishedAt ?? 'z'),
        'the second waited for the first',
      );
      assert.deepEqual((await cp.admin.call('listStackInstances', { params })).items, []);
    });
  });
}

describe('A trial of a stack on a copy', function () {
  this.timeout(120_000);
  let cp: ControlPlaneInProcess;
  let place: { teamId: string; applicationId: string };
  before(async () => {
    cp = await startControlPlane({ config: { healthSeconds: 1 } });
    place = await buildApplication(cp);
  });
  after(() => cp?.stop());

  it('shows whether the copy runs well, and leaves the original alone', async () => {
    const original = await running(cp, place.applicationId, 'original');
    for (const [stack, state] of [
      [await buildStack(cp), 'succeeded'],
      [await buildStack(cp, { code: CRASHES }), 'failed'],
    ] as const) {
      const trial = await cp.admin.call('tryStack', {
        params: { id: original.id },
        body: { stackId: stack.id },
      });

      assert.match(trial.name, new RegExp(`^${original.name}-trial-`));
      assert.deepEqual(trial.trial?.of, { id: original.id, name: original.name });
      const [watched] = (await cp.admin.call('listInstanceChanges', { params: { id: trial.id } })).items;
      assert.ok(watched);
      const done = await ended(cp, watched);
      assert.deepEqual([done.kind, done.state], ['trial', state], done.message ?? '');
      if (state === 'succeeded') {
        await answers(trial, 'original');
      } else {
        await instanceIn(cp, trial.id, 'stopped');
      }
      const now = await cp.admin.call('getInstance', { params: { id: original.id } });
      assert.deepEqual([now.stack.id, now.state], [original.stack.id, 'running']);
      await cp.admin.call('deleteInstance', { params: { id: trial.id } });
    }
  });

  it('counts against the limits, and takes the right to make and edit instances', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const original = await buildInstance(cp, applicationId);
    const stack = await buildStack(cp);
    const tryIt = { params: { id: original.id }, body: { stackId: stack.id } };
    const { client } = await buildMember(cp, teamId, 'member');
    const type = await cp.admin.call('createTeamType', {
      body: { name: uniqueName('One'), limits: { instances: 1 } },
    });
    await cp.admin.call('updateTeam', { params: { id: teamId }, body: { teamTypeId: type.id } });

    await client.refused('tryStack', 403, tryIt);
    assert.equal((await cp.admin.refused('tryStack', 409, tryIt)).code, 'limit_reached');
    assert.equal((await cp.admin.call('listInstances', { params: { id: applicationId } })).total, 1);
  });
});

describe('A change during which the control plane is killed', function () {
  this.timeout(180_000);
  const cp = new ControlPlaneProcess({ FLOWYARD_HEALTH_SECONDS: '2' });
  let applicationId: string;
  before(async () => {
    await cp.start();
    ({ applicationId } = await buildApplication(cp));
  });
  after(() => cp.stop());

  /** Waits for the state in the rows: over the API it may be over before it is seen. */
  async function killIn(instanceId: string, states: string[]): Promise<string> {
    const state = await eventually(
      async () => {
        const { change: now } = await cp.admin.call('getInstance', { params: { id: instanceId } });
        return now !== null && states.includes(now.state) && now.state;
      },
      { everyMs: 1 },
    );
    await cp.end('SIGKILL');
    await cp.start();
    return state;
  }

  for (const states of [['planned', 'snapshotting'], ['stopping', 'starting'], ['checking']]) {
    it(`in the state ${states.join(' or ')} is carried on to its good end`, async () => {
      const instance = await running(cp, applicationId, states.join());
      const stack = await buildStack(cp);
      const asked = await change(cp, instance.id, { stackId: stack.id });

      await killIn(instance.id, [...states, ...(states[0] === 'planned' ? ['stopping'] : [])]);

      const done = await ended(cp, asked);
      assert.equal(done.state, 'succeeded', done.message ?? '');
      await answers(instance, states.join());
      const { items } = await cp.admin.call('listInstanceSnapshots', { params: { id: instance.id } });
      assert.equal(items.filter(({ name }) => name.startsWith('Before change')).length, 1);
    });
  }

  it('deletes a trial whose day is over', async () => {
    const original = await buildInstance(cp, applicationId);
    const stack = await buildStack(cp);
    const trial = await cp.admin.call('tryStack', {
      params: { id: original.id },
      body: { stackId: stack.id },
    });
    const rows = openDatabase({ file: join(cp.dataDir, 'flowyard.sqlite') });
    await rows('instances').where({ id: trial.id }).update({ trial_until: new Date().toISOString() });
    await rows.destroy();

    await cp.end('SIGKILL');
    await cp.start();

    await cp.admin.refused('getInstance', 404, { params: { id: trial.id } });
    await cp.admin.call('getInstance', { params: { id: original.id } });
  });

  for (const states of [['stopping', 'starting'], ['returning']]) {
    it(`in the state ${states.join(' or ')} on its way to a stack that does not start returns`, async () => {
      const instance = await running(cp, applicationId, `back ${states.join()}`);
      const stack = await buildStack(cp, { code: CRASHES });
      const asked = await change(cp, instance.id, { stackId: stack.id });

      await killIn(instance.id, states);

      const done = await ended(cp, asked);
      assert.equal(done.state, 'returned', done.message ?? '');
      await answers(instance, `back ${states.join()}`);
      const now = await instanceIn(cp, instance.id, 'running');
      assert.equal(now.stack.id, instance.stack.id);
    });
  }
});
