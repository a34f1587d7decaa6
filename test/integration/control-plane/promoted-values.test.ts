import assert from 'node:assert/strict';
import type { DeviceTarget } from '@flowyard/protocol';
import { uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { type FleetDevice, RolloutFleet } from '../../support/rollout-fleet.ts';

const DEVELOPMENT = { BROKER: 'mqtt://development', SHIFT: 'early' };

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Values of variables in a push to devices, on ${database}`, function () {
    this.timeout(90_000);
    let cp: ControlPlaneInProcess;
    let fleet: RolloutFleet;

    before(async () => {
      cp = await startControlPlane({ database });
    });
    beforeEach(async () => {
      fleet = await RolloutFleet.build(cp, ['works', 'works'], DEVELOPMENT);
      await cp.admin.call('setDeviceGroupVariables', {
        ...inGroup(),
        body: { items: [{ name: 'BROKER', value: 'mqtt://plant' }] },
      });
    });
    afterEach(() => fleet?.stop());
    after(() => cp?.stop());

    const inGroup = () => ({ params: { id: fleet.groupId } });
    const at = (index: number) => fleet.devices[index] as FleetDevice;
    const of = (index: number) => ({ params: { id: at(index).id } });
    const snapshotId = (index: number) => fleet.snapshots[index] ?? '';
    const act = (id: string, action: 'rollback' | 'again') =>
      cp.admin.call('controlDeployment', { params: { id }, body: { action } });

    /** What flows find on a device, by the target that its agent has. */
    const found = ({ snapshot, variables }: DeviceTarget) => ({
      ...variables.below,
      ...Object.fromEntries(
        (snapshot?.manifest.variables ?? []).flatMap(({ name, value }) =>
          value === null ? [] : [[name, value]],
        ),
      ),
      ...variables.above,
    });
    /** The same once the device was told to run that snapshot, which the page must show as well. */
    const valuesAt = async (index: number, snapshot: number, values: Record<string, string>) => {
      const target = await at(index).agent.target(
        (newest) =>
          newest.snapshot?.id === snapshotId(snapshot) &&
          JSON.stringify(Object.entries(found(newest)).sort()) ===
            JSON.stringify(Object.entries(values).sort()),
      );
      assert.deepEqual(
        target.snapshot?.manifest.variables.map(({ name }) => name).sort(),
        Object.keys(DEVELOPMENT).sort(),
      );
      const { resolved } = await cp.admin.call('getDeviceVariables', of(index));
      assert.deepEqual(Object.fromEntries(resolved.map(({ name, value }) => [name, value])), values);
    };
    const BY_HAND = DEVELOPMENT;
    const BY_PUSH = { BROKER: 'mqtt://plant' };
    const pushToDevice = async (index: number, snapshot: number) => {
      const pipeline = await cp.admin.call('createPipeline', {
        params: { id: fleet.applicationId },
        body: { name: uniqueName('pipeline') },
      });
      const params = { id: pipeline.id };
      await cp.admin.call('createStage', { params, body: { name: 'Lab', instanceId: fleet.instanceId } });
      const body = { name: 'One', deviceId: at(index).id };
      const { stages } = await cp.admin.call('createStage', { params, body });
      const { deployment } = await cp.admin.call('deployStage', {
        params: { id: stages[0]?.id ?? '' },
        body: { snapshotId: snapshotId(snapshot) },
      });
      await fleet.until(deployment.id, 'succeeded');
      return deployment.id;
    };

    it('stay behind: names alone move, and those of the group count', async () => {
      await valuesAt(0, 0, BY_HAND);
      const push = await fleet.push();
      await fleet.until(push.id, 'succeeded');

      await valuesAt(0, 1, BY_PUSH);
      await valuesAt(1, 1, BY_PUSH);
      const { resolved } = await cp.admin.call('getDeviceGroupVariables', inGroup());
      assert.deepEqual(
        resolved.map(({ name, value, origin }) => [name, value, origin.kind]),
        [['BROKER', 'mqtt://plant', 'group']],
      );
      const after = at(0).agent.commands.slice(at(0).agent.commands.findIndex(isOf(snapshotId(1))));
      assert.ok(!JSON.stringify(after).includes('development'));
    });

    it('stay behind for those that were told while others wait, and come back with what was set by hand', async () => {
      const push = await fleet.push({ waves: [{ count: 1 }, 'rest'], healthSeconds: 600 });
      await eventually(async () => (await fleet.view(push.id)).counts.succeeded === 1);
      const first = at(0).told.includes(snapshotId(1)) ? 0 : 1;
      await valuesAt(first, 1, BY_PUSH);
      await valuesAt(1 - first, 0, BY_HAND);

      await act(push.id, 'rollback');
      await fleet.until(push.id, 'rolled-back');

      await valuesAt(first, 0, BY_HAND);
    });

    it('stay behind after going back to what had come by a push itself', async () => {
      await fleet.until((await fleet.push({}, 1)).id, 'succeeded');
      const second = await fleet.push({}, 2);
      await fleet.until(second.id, 'succeeded');

      await act(second.id, 'rollback');
      await fleet.until(second.id, 'rolled-back');

      await valuesAt(0, 1, BY_PUSH);
    });

    it('count again for a group or a device whose target somebody sets by hand', async () => {
      await fleet.until((await fleet.push()).id, 'succeeded');

      await cp.admin.call('setDeviceTarget', { ...of(0), body: { snapshotId: snapshotId(1) } });
      await valuesAt(0, 1, BY_HAND);
      await valuesAt(1, 1, BY_PUSH);
      await cp.admin.call('setDeviceGroupTarget', { ...inGroup(), body: { snapshotId: snapshotId(1) } });
      await valuesAt(1, 1, BY_HAND);
    });

    it('stay behind in a push to one device, which goes back to what it had', async () => {
      await cp.admin.call('setDeviceTarget', { ...of(0), body: { snapshotId: snapshotId(0) } });
      await valuesAt(0, 0, BY_HAND);
      const first = await pushToDevice(0, 1);
      await valuesAt(0, 1, BY_PUSH);

      await act(first, 'rollback');
      await fleet.until(first, 'rolled-back');
      await valuesAt(0, 0, BY_HAND);
    });

    it('stay behind when a device that leaves its group keeps what it runs, and when it goes back by itself', async () => {
      await fleet.until((await fleet.push({}, 1)).id, 'succeeded');
      const { instanceId } = fleet;
      await cp.admin.call('assignDevice', { ...of(0), body: { instanceId, target: 'keep' } });
      await valuesAt(0, 1, {});

      await fleet.until((await fleet.push({}, 2)).id, 'succeeded');
      await cp.admin.call('controlDevice', { ...of(1), body: { action: 'rollback' } });
      await valuesAt(1, 1, BY_PUSH);
    });

    it('are not in a snapshot that is taken of a device', async () => {
      await fleet.until((await fleet.push()).id, 'succeeded');
      const { agent, id, runs } = at(0);
      agent.hello({ capabilities: ['snapshot'], current: { state: 'running', snapshotId: runs } });
      const taking = cp.admin.call('createDeviceSnapshot', { ...of(0), body: { name: 'As it is' } });
      const asked = await eventually(() => {
        const command = agent.commands.find(({ type }) => type === 'take-snapshot');
        return command?.type === 'take-snapshot' && command;
      });
      const sent = await fetch(`${cp.url}/api/v1/agent/snapshots`, {
        method: 'POST',
        headers: { authorization: `Bearer ${fleet.token(id)}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          requestId: asked.id,
          baseSnapshotId: snapshotId(1),
          flows: [],
          credentials: {},
          modules: {},
          nodeRed: '4.1.15',
          nodeJs: '20.0.0',
        }),
      });
      assert.equal(sent.status, 201, await sent.text());
      const { id: taken } = await taking;

      await cp.admin.call('setDeviceTarget', { ...of(0), body: { snapshotId: taken } });

      const target = await agent.target(({ snapshot }) => snapshot?.id === taken);
      assert.deepEqual(found(target), BY_PUSH);
      assert.equal(target.snapshot?.manifest.variables.length, 2);
    });

    it('are told by the dry run as devices will find them', async () => {
      await fleet.until((await fleet.push({}, 0)).id, 'succeeded');
      await cp.admin.call('setDeviceGroupTarget', { ...inGroup(), body: { snapshotId: snapshotId(0) } });
      await valuesAt(0, 0, BY_HAND);
      const dryRun = () =>
        cp.admin.call('dryRunStage', { params: { id: fleet.stageId }, query: { snapshotId: snapshotId(0) } });
      await eventually(async () => (await dryRun()).effects.restart === 2);

      const { missingVariables, comparison } = await dryRun();
      assert.deepEqual(missingVariables, ['SHIFT']);
      assert.deepEqual(
        comparison.variables.map(({ name, before, after }) => [name, before?.value, after?.value]),
        [
          ['BROKER', 'mqtt://development', 'mqtt://plant'],
          ['SHIFT', 'early', null],
        ],
      );

      await fleet.until((await fleet.push({}, 0)).id, 'succeeded');
      await eventually(async () => (await dryRun()).effects.nothing === 2);
      assert.deepEqual((await dryRun()).comparison.variables, []);
    });
  });
}

function isOf(snapshotId: string) {
  return (command: FleetDevice['agent']['commands'][number]) =>
    command.type === 'target' && command.target.snapshot?.id === snapshotId;
}
