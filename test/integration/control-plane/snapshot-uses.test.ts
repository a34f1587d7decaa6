import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { newId } from '../../../control-plane/src/ids.ts';
import { AgentClient } from '../../support/agent-client.ts';
import { buildApplication, buildInstance, uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`A snapshot that something holds on to, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let knex: Knex;
    let teamId: string;
    let applicationId: string;
    let instanceId: string;
    let stageId: string;
    let device: { id: string; token: string };

    before(async () => {
      cp = await startControlPlane({ database });
      knex = openDatabase(cp.database);
      ({ teamId, applicationId } = await buildApplication(cp));
      instanceId = (await buildInstance(cp, applicationId)).id;
      const { id, credentials } = await cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: uniqueName('device'), applicationId },
      });
      device = { id, token: credentials.token };
      const pipeline = await cp.admin.call('createPipeline', {
        params: { id: applicationId },
        body: { name: uniqueName('pipeline') },
      });
      const params = { id: pipeline.id };
      const { stages } = await cp.admin.call('createStage', { params, body: { name: 'from', instanceId } });
      stageId = stages[0]?.id ?? '';
      await cp.admin.call('createStage', { params, body: { name: 'to', deviceId: id } });
    });
    after(async () => {
      await knex?.destroy();
      await cp?.stop();
    });

    const take = async (name: string) =>
      (await cp.admin.call('createInstanceSnapshot', { params: { id: instanceId }, body: { name } })).id;
    /** What keeps it from being deleted, in short. */
    const uses = async (id: string) => {
      const { code, details } = await cp.admin.refused('deleteSnapshot', 409, { params: { id } });
      assert.equal(code, 'in_use');
      const held = (details?.uses ?? []) as Array<{ use: string; kind: string; id: string }>;
      return held.map((each) => `${each.use} ${each.kind} ${each.id}`);
    };

    it('stays while it is a target, with the name of each place whose target it is', async () => {
      const id = await take('Target');
      const group = await cp.admin.call('createDeviceGroup', {
        params: { id: applicationId },
        body: { name: uniqueName('group') },
      });
      await cp.admin.call('setInstanceTarget', { params: { id: instanceId }, body: { snapshotId: id } });
      await cp.admin.call('setDeviceGroupTarget', { params: { id: group.id }, body: { snapshotId: id } });

      assert.deepEqual(await uses(id), [`target instance ${instanceId}`, `target device-group ${group.id}`]);
      await cp.admin.call('setInstanceTarget', { params: { id: instanceId }, body: { snapshotId: null } });
      await cp.admin.call('setDeviceGroupTarget', { params: { id: group.id }, body: { snapshotId: null } });
      await cp.admin.call('deleteSnapshot', { params: { id } });
    });

    it('stays while a device runs it that has no target any more', async () => {
      const id = await take('Running');
      const agent = await AgentClient.connect(cp.url, device.token);
      agent.hello({ current: { state: 'running', snapshotId: id } });
      await eventually(
        async () =>
          (await cp.admin.call('getDevice', { params: { id: device.id } })).runningSnapshot?.id === id,
      );

      assert.deepEqual(await uses(id), [`running device ${device.id}`]);
      agent.close();
    });

    it('stays while it is pushed, and what a place goes back to stays with it', async () => {
      const before = await take('Before the push');
      const pushed = await take('Pushed');
      const { deployment } = await cp.admin.call('deployStage', {
        params: { id: stageId },
        body: { snapshotId: pushed },
      });
      await knex('deployment_targets')
        .where({ deployment_id: deployment.id })
        .update({ previous_snapshot_id: before });

      assert.ok((await uses(pushed)).includes(`deployment device ${device.id}`));
      assert.deepEqual(await uses(before), [`deployment device ${device.id}`]);

      await knex('snapshots').where({ id: before }).update({ kind: 'auto' });
      const params = { id: instanceId };
      const rollBack = () => cp.admin.call('rollBackInstance', { params, body: { snapshotId: pushed } });
      for (let time = 0; time < 11; time++) {
        await rollBack();
      }
      await cp.admin.call('getSnapshot', { params: { id: before } });
      await cp.admin.call('controlDeployment', {
        params: { id: deployment.id },
        body: { action: 'abort' },
      });
      await rollBack();
      await cp.admin.refused('getSnapshot', 404, { params: { id: before } });
    });

    it('stays while its instance may go back to it from a change of its stack', async () => {
      const id = await take('Before the change');
      const { stack_id, instance_type_id } = await knex('instances').where({ id: instanceId }).first();
      const change = newId();
      await knex('instance_changes').insert({
        ...{ id: change, instance_id: instanceId, kind: 'stack', state: 'checking', snapshot_id: id },
        ...{ from_stack_id: stack_id, from_stack: 'a', to_stack_id: stack_id, to_stack: 'b' },
        ...{ from_type_id: instance_type_id, from_type: 'c', to_type_id: instance_type_id, to_type: 'c' },
        ...{ author_id: newId(), author: 'admin', created_at: new Date().toISOString() },
      });

      assert.deepEqual(await uses(id), [`change instance ${instanceId}`]);
      await knex('instance_changes').where({ id: change }).delete();
      await cp.admin.call('deleteSnapshot', { params: { id } });
    });
  });
}
