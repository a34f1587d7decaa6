import assert from 'node:assert/strict';
import type { NodeCountsView } from '@flowyard/protocol';
import { NodeCounter } from '../../../control-plane/src/features/metrics/node-counter.ts';
import { getFromInstance } from '../../support/api-client.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  buildMember,
  instanceIn,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { LiveClient } from '../../support/live-client.ts';

describe('Messages counted by node', function () {
  this.timeout(60_000);
  let cp: ControlPlaneInProcess;
  let place: { teamId: string; applicationId: string };
  let instance: { id: string; url: string };

  before(async () => {
    cp = await startControlPlane();
    place = await buildApplication(cp);
    const flows = [
      ...answeringFlow('counted'),
      { id: 'bad-in', type: 'http in', z: 'flow', url: '/bad', method: 'get', wires: [['bad']] },
      {
        id: 'bad',
        type: 'function',
        z: 'flow',
        name: 'fails',
        func: 'throw new Error("no")',
        outputs: 1,
        wires: [[]],
      },
    ];
    const built = await buildInstance(cp, place.applicationId, { flows, start: true });
    instance = built;
    await answers(built, 'counted');
  });
  after(() => cp?.stop());

  const params = () => ({ id: instance.id });
  const start = (minutes: 1 | 5 | 15 = 1) =>
    cp.admin.call('startNodeCounts', { params: params(), body: { minutes } });
  const view = () => cp.admin.call('getNodeCounts', { params: params() });
  const totalOf = ({ nodes }: NodeCountsView, type: string) =>
    nodes.filter((node) => node.type === type).reduce((sum, { received, sent }) => sum + received + sent, 0);

  it('are told live to everybody who may see the instance, of one count that they share', async () => {
    const { client } = await buildMember(cp, place.teamId, 'viewer');
    const live = await LiveClient.connect(cp.url, client.authentication);
    try {
      live.subscribe(`instance/${instance.id}/counts`);
      const first = await live.waitFor(({ type }) => type === 'value');
      assert.equal((first as { value: NodeCountsView }).value.state, 'none');

      const begun = await client.call('startNodeCounts', { params: params(), body: { minutes: 5 } });
      const again = await start(1);
      assert.equal(again.startedAt, begun.startedAt);
      for (let i = 0; i < 5; i++) {
        await getFromInstance(instance.url, '/answer');
      }
      void getFromInstance(instance.url, '/bad').catch(() => undefined);

      const message = await live.waitFor((told) => {
        const value = told.type === 'value' ? (told.value as NodeCountsView) : null;
        return (
          (value?.nodes.some(({ errors }) => errors > 0) ?? false) &&
          totalOf(value as NodeCountsView, 'http in') >= 5
        );
      });
      const counts = (message as { value: NodeCountsView }).value;
      assert.equal(counts.state, 'counting');
      const answer = counts.nodes.find(({ type }) => type === 'http response');
      assert.deepEqual([answer?.received, answer?.sent, answer?.errors], [5, 0, 0]);
      const failing = counts.nodes.find(({ name }) => name === 'fails');
      assert.deepEqual([failing?.received, failing?.errors, failing?.editorId], [1, 1, 'bad']);
      assert.deepEqual(Date.parse(begun.endsAt ?? '') - Date.parse(begun.startedAt ?? ''), 5 * 60_000);

      await client.call('endNodeCounts', { params: params() });
      await live.waitFor((told) => told.type === 'value' && (told.value as NodeCountsView).end === 'ended');
      assert.ok((await view()).nodes.length > 0, 'what was counted can still be looked at');
    } finally {
      live.close();
    }
  });

  it('end when the instance is started again, and say so', async () => {
    await start();
    await eventually(async () => (await view()).elapsedMs > 0);
    await cp.admin.call('controlInstance', { params: params(), body: { action: 'restart' } });

    await eventually(async () => {
      assert.equal((await view()).end, 'stopped');
      return true;
    });
    await instanceIn(cp, instance.id, 'running');
    assert.equal((await view()).state, 'over');
  });

  it('need an instance that runs, and a time that is offered', async () => {
    await cp.admin.refused('startNodeCounts', 422, { params: params(), body: { minutes: 2 as 1 } });
    const stopped = await buildInstance(cp, place.applicationId);
    await cp.admin.refused('startNodeCounts', 409, { params: { id: stopped.id }, body: { minutes: 1 } });
    await cp.admin.call('endNodeCounts', { params: { id: stopped.id } });
    const none = await cp.admin.call('getNodeCounts', { params: { id: stopped.id } });
    assert.deepEqual([none.state, none.nodes], ['none', []]);
  });

  it('are in the audit log: who began, and who ended a count before its time', async () => {
    // It may still be coming back from its restart.
    await eventually(
      () =>
        start().then(
          () => true,
          () => false,
        ),
      { withinMs: 20_000 },
    );
    await cp.admin.call('endNodeCounts', { params: params() });
    for (const event of ['instance.count-started', 'instance.count-ended']) {
      const { items } = await cp.admin.call('listTeamAudit', {
        params: { id: place.teamId },
        query: { event },
      });
      assert.equal(items[0]?.subject.id, instance.id);
    }
  });
});

describe('The counts of nodes that are kept in memory', () => {
  const counted = { counting: true, elapsedMs: 0, nodesSeen: 0, nodes: [] };

  it('end when nothing is heard, say whether it ever was, and are forgotten after a while', async () => {
    const counter = new NodeCounter({ ask: () => true, silentMs: 30, keepMs: 60 });
    counter.start('old', 60);
    counter.start('lost', 60);
    counter.counted({ instanceId: 'lost', ...counted });
    counter.counted({ instanceId: 'never asked', ...counted });

    await eventually(() => counter.viewOf('old').end === 'silent' && counter.viewOf('lost').end === 'lost');
    await eventually(() => counter.size === 0);
    assert.equal(counter.viewOf('old').state, 'none');
  });

  it('go on when the last word of the count before arrives late', () => {
    const counter = new NodeCounter({ ask: () => true });
    const last = { instanceId: 'pump', ...counted, counting: false, elapsedMs: 5000 };
    counter.start('pump', 60);
    counter.counted(last);
    assert.deepEqual([counter.viewOf('pump').state, counter.viewOf('pump').elapsedMs], ['counting', 0]);

    counter.counted({ ...last, elapsedMs: 0 });
    assert.equal(counter.viewOf('pump').state, 'over');
    counter.forget('pump');
  });

  it('are forgotten with the instance, and its readers are told', () => {
    const counter = new NodeCounter({ ask: () => true });
    const states: string[] = [];
    const leave = counter.watch('gone', ({ state }) => states.push(state));
    counter.start('gone', 60);
    counter.forget('gone');
    leave();
    counter.start('gone', 60);
    counter.forget('gone');
    assert.deepEqual([states, counter.size], [['none', 'counting', 'none'], 0]);
  });
});
