import assert from 'node:assert/strict';
import type { DeploymentTargetView } from '@flowyard/protocol';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { type Fate, RolloutFleet } from '../../support/rollout-fleet.ts';

const WORKS: Fate[] = ['works', 'works', 'works', 'works', 'works'];
const CANARY = { waves: [{ count: 1 }, 'rest' as const] };

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`A push to a group of devices, on ${database}`, function () {
    this.timeout(90_000);
    let cp: ControlPlaneInProcess;
    let fleet: RolloutFleet;
    before(async () => {
      cp = await startControlPlane({ database });
    });
    afterEach(() => fleet?.stop());
    after(async () => {
      await cp?.stop();
    });

    const act = (id: string, action: 'pause' | 'resume' | 'abort' | 'rollback' | 'again', more = {}) =>
      cp.admin.call('controlDeployment', { params: { id }, body: { action, ...more } });
    const refused = (id: string, action: 'pause' | 'resume' | 'rollback' | 'again') =>
      cp.admin.refused('controlDeployment', 409, { params: { id }, body: { action } });
    const targets = async (id: string): Promise<DeploymentTargetView[]> =>
      (await cp.admin.call('listDeploymentTargets', { params: { id }, query: { limit: 1000 } })).items;
    const told = (snapshot: number) =>
      fleet.devices.filter((device) => device.told.includes(fleet.snapshots[snapshot] ?? '')).length;

    it('goes wave by wave, and only then is it the target of the group', async () => {
      fleet = await RolloutFleet.build(cp, WORKS);
      const push = await fleet.push({ ...CANARY, healthSeconds: 2 });
      const checking = await eventually(async () => {
        const view = await fleet.view(push.id);
        return view.waves[0]?.state === 'checking' && view;
      });
      assert.equal(told(1), 1);
      assert.equal(await fleet.groupTarget(), 0);
      assert.ok(checking.waves[0]?.checkedUntil);
      assert.deepEqual(
        checking.waves.map(({ counts }) => counts.total),
        [1, 4],
      );
      const done = await fleet.until(push.id, 'succeeded');

      assert.deepEqual(done.counts, { ...done.counts, total: 5, succeeded: 5 });
      assert.equal((await fleet.running(1)).length, 5);
      assert.equal(await fleet.groupTarget(), 1);
      const times = (await targets(push.id)).map(({ wave, toldAt }) => ({
        wave,
        at: Date.parse(toldAt ?? ''),
      }));
      const canary = times.find(({ wave }) => wave === 0)?.at ?? 0;
      assert.ok(times.filter(({ wave }) => wave === 1).every(({ at }) => at >= canary + 2000));
      // At the end nobody is told again.
      assert.ok(
        fleet.devices.every((device) => device.told.filter((id) => id === fleet.snapshots[1]).length === 1),
      );
    });

    it('tells the first ones with writing it down', async () => {
      fleet = await RolloutFleet.build(cp, WORKS);
      const { id, state, counts, targets: first } = await fleet.push(CANARY);

      assert.equal(state, 'running');
      assert.deepEqual(counts, { ...counts, total: 5, waiting: 4, updating: 1 });
      assert.equal(first[0]?.state, 'updating');
      assert.ok(first[0]?.toldAt);
      await fleet.until(id, 'succeeded');
      const { items } = await cp.admin.call('listDeploymentSteps', { params: { id }, query: {} });
      assert.match(items.at(-1)?.text ?? '', /asked for the push of “.*” to 5 targets\.$/);
      assert.equal(items.at(-2)?.text, 'It begins with 1 target.');
    });

    it('halts when more fail than may, and those that failed are wanted to run what they run', async () => {
      fleet = await RolloutFleet.build(cp, ['fails', 'works', 'works', 'works']);
      const push = await fleet.push({ ...CANARY, failureBudget: { percent: 20 } });
      const halted = await fleet.until(push.id, 'halted');
      assert.match(halted.message ?? '', /^Halted: 1 of 4 targets failed, and 0 may\. gateway 01\.$/);
      assert.equal(told(1), 1);
      const { targetSnapshot, runningSnapshot } = await cp.admin.call('getDevice', {
        params: { id: fleet.devices[0]?.id ?? '' },
      });
      assert.equal(targetSnapshot?.id, fleet.snapshots[0]);
      assert.equal(runningSnapshot?.id, fleet.snapshots[0]);
      const notes = await cp.admin.call('listNotifications', { query: {} });
      assert.ok(notes.items.some(({ kind }) => kind === 'deployment.halted'));

      await act(push.id, 'resume');
      const ended = await fleet.until(push.id, 'failed');
      assert.equal(ended.counts.succeeded, 3);
      assert.equal(ended.targets[0]?.state, 'failed');
      assert.equal(await fleet.groupTarget(), 1);
    });

    it('takes all back by itself when that is its policy', async () => {
      fleet = await RolloutFleet.build(cp, ['works', 'works', 'fails', 'works']);
      const push = await fleet.push({ waves: [{ count: 3 }], failureBudget: { count: 0 }, onHalt: 'return' });
      const ended = await fleet.until(push.id, 'rolled-back');

      assert.match(ended.message ?? '', /^Halted: 1 of 4/);
      assert.equal(ended.counts.returned, 3);
      assert.equal(ended.counts.skipped, 1);
      assert.equal((await fleet.running(0)).length, 4);
      assert.equal(await fleet.groupTarget(), 0);
    });

    it('is updated by so many at once and no more', async () => {
      fleet = await RolloutFleet.build(cp, ['slow', 'slow', 'slow', 'slow']);
      for (const device of fleet.devices) {
        const { generation } = await device.agent.target(
          ({ snapshot }) => snapshot?.id === fleet.snapshots[0],
        );
        device.agent.state({ generation, state: 'running', snapshotId: fleet.snapshots[0] ?? null });
      }
      const push = await fleet.push({ concurrency: 2 });
      await eventually(() => told(1) === 2);
      const view = await fleet.view(push.id);
      assert.equal(view.counts.updating, 2);
      assert.equal(view.counts.waiting, 2);
      for (const device of fleet.devices) {
        device.fate = 'works';
      }
      const done = await fleet.until(push.id, 'succeeded');
      assert.equal(done.counts.succeeded, 4);
    });

    it('is paused, resumed, and aborted: those that were not told stay as they are', async () => {
      fleet = await RolloutFleet.build(cp, WORKS);
      const push = await fleet.push({ ...CANARY, healthSeconds: 600 });
      await eventually(async () => (await fleet.view(push.id)).counts.succeeded === 1);
      await act(push.id, 'pause');
      assert.equal((await refused(push.id, 'pause')).code, 'not_running');
      assert.equal((await fleet.until(push.id, 'paused')).finishedAt, null);
      await act(push.id, 'resume');
      await fleet.until(push.id, 'running');
      await act(push.id, 'abort');
      const ended = await fleet.until(push.id, 'aborted');

      assert.equal(ended.counts.skipped, 4);
      assert.equal(told(1), 1);
      assert.equal(await fleet.groupTarget(), 0);
      assert.equal((await refused(push.id, 'resume')).code, 'not_paused');
      const { items } = await cp.admin.call('listDeploymentSteps', { params: { id: push.id }, query: {} });
      assert.deepEqual(
        items.map(({ text }) => text),
        [
          'admin aborted it.',
          'admin resumed it.',
          'admin paused it.',
          'Wave 1 is through.',
          'It begins with 1 target.',
          'admin asked for the push of “New” to 5 targets.',
        ],
      );
    });

    it('stops where another control plane paused it, although nobody said so here', async () => {
      fleet = await RolloutFleet.build(cp, ['slow', 'works', 'works']);
      const [first] = fleet.devices;
      assert.ok(first);
      const push = await fleet.push(CANARY);
      const knex = openDatabase(cp.database);
      await knex('deployments').where({ id: push.id }).update({ state: 'paused' }).increment('revision', 1);
      await knex.destroy();
      first.fate = 'works';
      await eventually(async () => (await fleet.view(push.id)).counts.succeeded === 1);

      assert.equal((await fleet.view(push.id)).state, 'paused');
      assert.equal(told(1), 1);
      await act(push.id, 'resume');
      await fleet.until(push.id, 'succeeded');
      assert.equal(told(1), 3);
    });

    it('leaves alone who left the group while it was under way', async () => {
      fleet = await RolloutFleet.build(cp, ['slow', 'works', 'works']);
      const [first, , leaver] = fleet.devices;
      assert.ok(first && leaver);
      const push = await fleet.push(CANARY);
      await cp.admin.call('updateDeviceGroupMembers', {
        params: { id: fleet.groupId },
        body: { remove: [leaver.id] },
      });
      first.fate = 'works';
      const done = await fleet.until(push.id, 'succeeded');

      assert.deepEqual(done.counts, { ...done.counts, succeeded: 2, skipped: 1 });
      const { reason } = (await targets(push.id)).find(({ id }) => id === leaver.id) ?? {};
      assert.match(reason ?? '', /^It left the group/);
      assert.ok(!leaver.told.includes(fleet.snapshots[1] ?? ''));
      assert.deepEqual((await fleet.running(1)).length, 2);
    });

    it('is rolled back after it went through: all run what they ran before', async () => {
      fleet = await RolloutFleet.build(cp, WORKS);
      const push = await fleet.push();
      await fleet.until(push.id, 'succeeded');
      await act(push.id, 'rollback');
      const ended = await fleet.until(push.id, 'rolled-back');

      assert.equal(ended.counts.returned, 5);
      assert.match(ended.message ?? '', /^Rolled back by admin/);
      assert.equal(await fleet.groupTarget(), 0);
      assert.equal((await fleet.running(0)).length, 5);
      assert.equal((await refused(push.id, 'rollback')).code, 'returning');
    });

    it('is rolled back while it runs, and what was not told is not told', async () => {
      fleet = await RolloutFleet.build(cp, WORKS);
      const push = await fleet.push({ ...CANARY, healthSeconds: 600 });
      await eventually(async () => (await fleet.view(push.id)).counts.succeeded === 1);
      await act(push.id, 'rollback');
      const ended = await fleet.until(push.id, 'rolled-back');

      assert.equal(ended.counts.returned, 1);
      assert.equal(ended.counts.skipped, 4);
      assert.equal(told(1), 1);
      assert.equal((await fleet.running(0)).length, 5);
    });

    it('is not rolled back over something newer', async () => {
      fleet = await RolloutFleet.build(cp, ['works']);
      const first = await fleet.push();
      await fleet.until(first.id, 'succeeded');
      const second = await fleet.push({}, 2);
      await fleet.until(second.id, 'succeeded');

      assert.equal((await refused(first.id, 'rollback')).code, 'replaced');
    });

    it('is run again for those that failed, which try it anew', async () => {
      fleet = await RolloutFleet.build(cp, ['fails', 'works', 'works']);
      const push = await fleet.push();
      await fleet.until(push.id, 'failed');
      for (const device of fleet.devices) {
        device.fate = 'works';
      }
      const again = await act(push.id, 'again');
      assert.notEqual(again.id, push.id);
      const done = await fleet.until(again.id, 'succeeded');

      assert.equal(done.counts.total, 1);
      assert.equal((await fleet.running(1)).length, 3);
      assert.equal((await refused(again.id, 'again')).code, 'nothing_left');
      const all = await act(again.id, 'again', { targets: 'all' });
      assert.equal((await fleet.until(all.id, 'succeeded')).counts.total, 3);
    });

    it('tells the second who pushes what since when, and leaves the target of the group alone', async () => {
      fleet = await RolloutFleet.build(cp, WORKS);
      const push = await fleet.push({ ...CANARY, healthSeconds: 600 });
      const second = await cp.admin.refused('deployStage', 409, {
        params: { id: fleet.stageId },
        body: { snapshotId: fleet.snapshots[2] ?? '' },
      });
      assert.equal(second.code, 'deployment_running');
      assert.match(second.message, /^admin is pushing “New” to Fleet since \d\d:\d\d UTC\./);
      assert.equal(second.details?.deploymentId, push.id);
      const byHand = await cp.admin.refused('setDeviceGroupTarget', 409, {
        params: { id: fleet.groupId },
        body: { snapshotId: fleet.snapshots[2] ?? '' },
      });
      assert.equal(byHand.code, 'deployment_running');
      await act(push.id, 'abort');
      await cp.admin.call('setDeviceGroupTarget', {
        params: { id: fleet.groupId },
        body: { snapshotId: fleet.snapshots[2] ?? '' },
      });
      // The one that was told runs what the group has now, like all others.
      await eventually(async () => (await fleet.running(2)).length === 5);
    });

    it('passes over who is away, in developer mode, or has a target of its own; they follow at the end', async () => {
      fleet = await RolloutFleet.build(cp, ['works', 'works', 'works']);
      const [own, , later] = fleet.devices;
      await cp.admin.call('setDeviceTarget', {
        params: { id: own?.id ?? '' },
        body: { snapshotId: fleet.snapshots[2] ?? '' },
      });
      await cp.admin.call('setDeviceMode', { params: { id: later?.id ?? '' }, body: { mode: 'developer' } });
      const push = await fleet.push({ waves: [{ count: 1 }, { count: 1 }] });
      const done = await fleet.until(push.id, 'succeeded');
      const reasons = (await targets(push.id)).map(({ state, reason }) => `${state} ${reason ?? ''}`).sort();

      assert.equal(done.counts.succeeded, 1);
      assert.match(reasons[0] ?? '', /^skipped It has a target of its own/);
      assert.match(reasons[1] ?? '', /^skipped It is in developer mode/);
      assert.equal(await fleet.groupTarget(), 1);
      await eventually(() => later?.told.at(-1) === fleet.snapshots[1]);
    });

    it('waits for its start, and is begun then', async () => {
      fleet = await RolloutFleet.build(cp, ['works']);
      const startAt = new Date(Date.now() + 2500).toISOString();
      const push = await fleet.push({ startAt });
      const waiting = await fleet.view(push.id);
      assert.equal(waiting.state, 'waiting');
      assert.equal(waiting.waitsUntil, startAt);
      await fleet.until(push.id, 'succeeded');
      const [target] = await targets(push.id);

      assert.ok((target?.toldAt ?? '') >= startAt);
    });

    it('waits outside its maintenance window, by the clock of the device where it has one', async () => {
      fleet = await RolloutFleet.build(cp, ['works', 'works']);
      const now = new Date();
      const hour = (offset: number) =>
        `${String((now.getUTCHours() + offset + 24) % 24).padStart(2, '0')}:00`;
      const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
      // Shut in UTC, open three hours further east.
      const window = { days: [...days], from: hour(2), to: hour(5), timeZone: 'UTC' };
      await cp.admin.call('putDeviceSettings', {
        params: { id: fleet.devices[0]?.id ?? '' },
        body: { values: { 'runtime.timeZone': 'Etc/GMT-3' } },
      });
      const push = await fleet.push({ window });
      const waiting = await fleet.until(push.id, 'waiting');
      await eventually(async () => (await fleet.view(push.id)).counts.succeeded === 1);
      const after = await fleet.until(push.id, 'waiting');

      assert.ok(waiting);
      assert.ok((after.waitsUntil ?? '') > now.toISOString());
      const left = (await targets(push.id)).find(({ state }) => state === 'waiting');
      assert.equal(left?.name, 'gateway 02');
      assert.match(left?.reason ?? '', /^Its maintenance window opens at/);
      await act(push.id, 'abort');
    });

    it('keeps the policy of its stage, unless the push says otherwise', async () => {
      fleet = await RolloutFleet.build(cp, ['works', 'works']);
      const rollout = {
        waves: [{ count: 1 }],
        concurrency: 1,
        healthSeconds: 600,
        failureBudget: { percent: 5 },
        onHalt: 'stay' as const,
        window: null,
      };
      const { stages } = await cp.admin.call('updateStage', {
        params: { id: fleet.toStageId },
        body: { rollout },
      });
      assert.deepEqual(stages[1]?.rollout, rollout);
      const push = await fleet.push({ healthSeconds: 0 });
      assert.deepEqual(push.policy, { ...rollout, healthSeconds: 0 });
      await fleet.until(push.id, 'succeeded');
    });

    it('can be downloaded as a report', async () => {
      fleet = await RolloutFleet.build(cp, ['fails', 'works']);
      const push = await fleet.push();
      await fleet.until(push.id, 'failed');
      const report = await cp.admin.call('getDeploymentReport', { params: { id: push.id } });
      const csv = (await cp.admin.call('exportDeploymentReport', { params: { id: push.id } })) as string;

      assert.equal(report.targets.length, 2);
      assert.equal(report.deployment.state, 'failed');
      assert.match(report.steps[0]?.text ?? '', /asked for the push/);
      assert.match(csv, /^name,kind,id,wave,state,reason,told at,changed at\n/);
      assert.match(csv, /gateway 01,device,\w+,1,failed,no such module,/);
    });

    it('refuses policies that make no sense, and pushes nothing', async () => {
      fleet = await RolloutFleet.build(cp, ['works']);
      const bad: object[] = [
        { waves: ['rest', { count: 1 }] },
        { waves: [{ count: 0 }] },
        { waves: [{ percent: 101 }] },
        { waves: Array(21).fill({ count: 1 }) },
        { concurrency: 0 },
        { healthSeconds: -1 },
        { failureBudget: { percent: 101 } },
        { failureBudget: { count: 1, percent: 1 } },
        { onHalt: 'explode' },
        { window: { days: [], from: '02:00', to: '04:00', timeZone: 'UTC' } },
        { window: { days: ['mon'], from: '25:00', to: '04:00', timeZone: 'UTC' } },
        { window: { days: ['mon'], from: '02:00', to: '04:00', timeZone: 'Mars/Olympus' } },
        { startAt: 'tomorrow' },
      ];
      for (const body of bad) {
        await cp.admin.refused('deployStage', 422, { params: { id: fleet.stageId }, body: body as never });
      }
      const { total } = await cp.admin.call('listDeployments', {
        params: { id: fleet.pipelineId },
        query: {},
      });
      assert.equal(total, 0);
    });
  });
}
