import assert from 'node:assert/strict';
import type { BulkAction } from '@flowyard/protocol';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { newId } from '../../../control-plane/src/ids.ts';
import { AgentClient } from '../../support/agent-client.ts';
import { buildApplication, buildInstance, buildMember, uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Moving, labelling and changing many devices, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    let teamId: string;
    let applicationId: string;
    let otherId: string;
    let snapshotId: string;
    let instanceId: string;

    before(async () => {
      cp = await startControlPlane({ database });
    });
    beforeEach(async () => {
      ({ teamId, applicationId } = await buildApplication(cp));
      otherId = (
        await cp.admin.call('createApplication', { params: { id: teamId }, body: { name: 'Elsewhere' } })
      ).id;
      instanceId = (await buildInstance(cp, applicationId)).id;
      snapshotId = await snapshot('One');
    });
    after(() => cp?.stop());

    async function snapshot(name: string): Promise<string> {
      const body = { name };
      return (await cp.admin.call('createInstanceSnapshot', { params: { id: instanceId }, body })).id;
    }
    async function buildDevice(assignment: object = { applicationId }): Promise<string> {
      const body = { name: uniqueName('device'), ...assignment };
      return (await cp.admin.call('createDevice', { params: { id: teamId }, body })).id;
    }
    async function buildGroup(rule: string[] | null = null, target: string | null = null): Promise<string> {
      const body = { name: uniqueName('group'), rule };
      const { id } = await cp.admin.call('createDeviceGroup', { params: { id: applicationId }, body });
      await cp.admin.call('setDeviceGroupTarget', { params: { id }, body: { snapshotId: target } });
      return id;
    }
    /** That device and others like it, put beside it: made one by one, a thousand take longer than what is tested. */
    async function multiply(id: string, count: number): Promise<string[]> {
      const rows = openDatabase(cp.database);
      const row = await rows('devices').where({ id }).first();
      const others = Array.from({ length: count - 1 }, () => newId());
      await rows.batchInsert(
        'devices',
        others.map((other) => ({ ...row, id: other, name: uniqueName('device'), token_hash: other })),
        10,
      );
      await rows.destroy();
      return [id, ...others];
    }
    const get = (id: string) => cp.admin.call('getDevice', { params: { id } });
    const label = (id: string, ...labels: string[]) =>
      cp.admin.call('updateDevice', { params: { id }, body: { labels } });
    const bulk = (deviceIds: string[], change: BulkAction, client = cp.admin) =>
      client.call('changeManyDevices', { params: { id: teamId }, body: { deviceIds, change } });

    it('keeps the target on a move when its snapshot is there, follows when asked, and says which before', async () => {
      const groupId = await buildGroup(null, snapshotId);
      const device = await buildDevice();
      await cp.admin.call('updateDeviceGroupMembers', { params: { id: groupId }, body: { add: [device] } });

      const preview = await cp.admin.call('previewAssignment', {
        params: { id: device },
        query: { instanceId },
      });
      assert.equal(preview.now?.id, snapshotId);
      assert.equal(preview.keep.target?.id, snapshotId);
      assert.equal(preview.follow.target, null);
      assert.equal(preview.leaves?.id, groupId);
      const kept = await cp.admin.call('assignDevice', {
        params: { id: device },
        body: { instanceId, target: 'keep' },
      });
      assert.deepEqual(
        [kept.targetOrigin, kept.targetSnapshot?.id, kept.deviceGroup],
        ['device', snapshotId, null],
      );

      await cp.admin.call('setInstanceTarget', { params: { id: instanceId }, body: { snapshotId } });
      const follows = await cp.admin.call('assignDevice', {
        params: { id: device },
        body: { instanceId, target: 'follow' },
      });
      assert.equal(follows.targetOrigin, 'instance');
      const { items } = await cp.admin.call('listDeviceAudit', { params: { id: device } });
      assert.ok(JSON.stringify(items).includes(snapshotId));
    });

    it('refuses to keep a target of the application that a device leaves, and to move a stage of a pipeline', async () => {
      const device = await buildDevice();
      await cp.admin.call('setDeviceTarget', { params: { id: device }, body: { snapshotId } });
      const keep = { params: { id: device }, body: { applicationId: otherId, target: 'keep' } } as const;

      const error = await cp.admin.refused('assignDevice', 409, keep);
      assert.match(error.message, /cannot be kept/);
      const preview = await cp.admin.call('previewAssignment', {
        params: { id: device },
        query: { applicationId: otherId },
      });
      assert.match(preview.keep.refusal ?? '', /cannot be kept/);
      assert.equal((await get(device)).application?.id, applicationId);

      const pipeline = await cp.admin.call('createPipeline', {
        params: { id: applicationId },
        body: { name: 'P' },
      });
      await cp.admin.call('createStage', {
        params: { id: pipeline.id },
        body: { name: 's', deviceId: device },
      });
      const inUse = await cp.admin.refused('assignDevice', 409, {
        params: { id: device },
        body: { applicationId: otherId },
      });
      assert.match(inUse.message, /stage of P/);
    });

    it('shows all that gives a device a target, the strongest first', async () => {
      const own = await snapshot('Own');
      const groupId = await buildGroup(null, snapshotId);
      const device = await buildDevice();
      await cp.admin.call('updateDeviceGroupMembers', { params: { id: groupId }, body: { add: [device] } });
      await cp.admin.call('setDeviceTarget', { params: { id: device }, body: { snapshotId: own } });

      const { targets, targetSnapshot } = await get(device);
      assert.deepEqual(
        targets.map(({ origin, snapshot: { name } }) => [origin, name]),
        [
          ['device', 'Own'],
          ['device-group', 'One'],
        ],
      );
      assert.equal(targetSnapshot?.name, 'Own');
    });

    it('finds devices by labels, all of them, and refuses what is no label or too many', async () => {
      const [a, b] = [await buildDevice(), await buildDevice()];
      await label(a, 'line=3', 'spare');
      await label(b, 'line=3');
      const find = async (labels: string) =>
        (await cp.admin.call('listTeamDevices', { params: { id: teamId }, query: { label: labels } })).items
          .map(({ id }) => id)
          .sort();

      assert.deepEqual(await find('line=3'), [a, b].sort());
      assert.deepEqual(await find('line=3,spare'), [a]);
      assert.deepEqual(await find('line=4'), []);
      for (const wrong of [['a b'], ['=x'], ['line=1', 'line=2'], ['a'.repeat(64)], ['x\u0000'], ['a,b']]) {
        await cp.admin.refused('updateDevice', 422, { params: { id: a }, body: { labels: wrong } });
      }
      const many = Array.from({ length: 31 }, (_, index) => `l${index}`);
      await cp.admin.refused('updateDevice', 422, { params: { id: a }, body: { labels: many } });
      assert.deepEqual((await get(a)).labels, ['line=3', 'spare']);
    });

    it('lets a rule take and leave devices at once, with their target, and people who put one elsewhere are right', async () => {
      const [a, b, c] = [await buildDevice(), await buildDevice(), await buildDevice()];
      const byHand = await buildGroup();
      await label(a, 'line=3');
      await label(b, 'line=3');
      await cp.admin.call('updateDeviceGroupMembers', { params: { id: byHand }, body: { add: [b] } });
      const preview = await cp.admin.call('previewLabelRule', {
        params: { id: applicationId },
        query: { labels: 'line=3' },
      });
      assert.deepEqual(
        preview.joins.map(({ device }) => device.id),
        [a],
      );
      assert.deepEqual(
        preview.elsewhere.map(({ device, group }) => [device.id, group.id]),
        [[b, byHand]],
      );

      const ruled = await buildGroup(['line=3'], snapshotId);
      assert.equal((await get(a)).targetSnapshot?.id, snapshotId);
      await label(c, 'line=3');
      assert.equal((await get(c)).deviceGroup?.id, ruled);
      await label(c, 'line=4');
      assert.equal((await get(c)).deviceGroup, null);
      await cp.admin.call('updateDeviceGroupMembers', { params: { id: byHand }, body: { remove: [b] } });
      assert.equal((await get(b)).deviceGroup?.id, ruled);

      const hand = { params: { id: ruled }, body: { add: [c] } };
      assert.match((await cp.admin.refused('updateDeviceGroupMembers', 409, hand)).message, /labels line=3/);
      const changed = await cp.admin.call('updateDeviceGroup', {
        params: { id: ruled },
        body: { rule: ['line=4'] },
      });
      assert.deepEqual([changed.devices, changed.rule], [1, ['line=4']]);
      assert.equal((await get(c)).deviceGroup?.id, ruled);
      await cp.admin.call('assignDevice', { params: { id: c }, body: { applicationId: otherId } });
      await cp.admin.call('assignDevice', { params: { id: c }, body: { applicationId } });
      assert.equal((await get(c)).deviceGroup?.id, ruled);
    });

    it('never lets two rules claim a device: neither by a rule, nor by labels, nor in bulk', async () => {
      const [a, b] = [await buildDevice(), await buildDevice()];
      await label(a, 'line=3', 'spare');
      await buildGroup(['line=3']);
      const other = { params: { id: applicationId }, body: { name: 'Spares', rule: ['spare'] } };

      const claimed = await cp.admin.refused('createDeviceGroup', 409, other);
      assert.match(claimed.message, new RegExp((await get(a)).name));
      await label(a, 'line=3');
      await cp.admin.call('createDeviceGroup', other);
      const both = await cp.admin.refused('updateDevice', 409, {
        params: { id: a },
        body: { labels: ['line=3', 'spare'] },
      });
      assert.match(both.message, /Spares/);
      const { results } = await bulk([a, b], { action: 'set-labels', add: ['spare'], remove: [] });
      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        ['refused', 'done'],
      );
      assert.deepEqual((await get(a)).labels, ['line=3']);
      assert.equal((await get(b)).deviceGroup?.name, 'Spares');
    });

    it('gives whoever joins a group with a rule by a token the labels of the rule', async () => {
      const groupId = await buildGroup(['line=3']);
      const { token } = await cp.admin.call('createProvisioningToken', {
        params: { id: teamId },
        body: { name: 't', deviceGroupId: groupId },
      });
      const response = await fetch(`${cp.url}/api/v1/agent/register`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'Joined', agentVersion: '0.1.0' }),
      });
      const { deviceId } = (await response.json()) as { deviceId: string };
      const device = await get(deviceId);
      assert.deepEqual([device.labels, device.deviceGroup?.id], [['line=3'], groupId]);
    });

    it('answers for each device of a bulk: done, refused with the reason, or not found', async () => {
      const [here, there, loose] = [
        await buildDevice(),
        await buildDevice({ applicationId: otherId }),
        await buildDevice({}),
      ];
      const strange = await buildApplication(cp);
      const foreign = await cp.admin.call('createDevice', {
        params: { id: strange.teamId },
        body: { name: 'foreign' },
      });

      const { results, done, refused } = await bulk([here, there, loose, foreign.id, 'nothing1', here], {
        action: 'set-target',
        snapshotId,
      });

      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        ['done', 'refused', 'refused', 'not-found', 'not-found'],
      );
      assert.deepEqual([done, refused], [1, 4]);
      assert.equal((await get(here)).targetSnapshot?.id, snapshotId);
      assert.equal((await get(there)).targetSnapshot, null);
    });

    it('does each kind of change, audited for each device and told to it', async () => {
      const created = await cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: uniqueName('device'), applicationId },
      });
      const ids = [created.id, await buildDevice()];
      const agent = await AgentClient.connect(cp.url, created.credentials.token);
      agent.hello();
      const groupId = await buildGroup(null, snapshotId);
      await cp.admin.call('setDeviceVariables', {
        params: { id: created.id },
        body: {
          items: [
            { name: 'OLD', value: '1' },
            { name: 'STAYS', value: '1' },
          ],
        },
      });

      await bulk(ids, { action: 'move-to-group', deviceGroupId: groupId });
      await agent.target(({ snapshot }) => snapshot?.id === snapshotId);
      await bulk(ids, {
        action: 'set-variables',
        set: [{ name: 'KEY', value: 'very-secret', secret: true }],
        remove: ['OLD'],
      });
      const { variables } = await agent.target((target) => 'KEY' in target.variables.above);
      assert.deepEqual(variables.above, { STAYS: '1', KEY: 'very-secret' });
      await bulk(ids, { action: 'restart' });
      await agent.target(({ restarts }) => restarts === 1);
      await bulk(ids, { action: 'suspend' });
      await agent.target(({ desired }) => desired === 'suspended');
      await bulk(ids, { action: 'move-to-group', deviceGroupId: null });
      await agent.target(({ snapshot }) => snapshot === null);
      await bulk(ids, { action: 'assign', applicationId: otherId, target: 'follow' });
      assert.equal((await get(ids[1] ?? '')).application?.id, otherId);
      const before = await cp.admin.call('listTeamDevices', { params: { id: teamId } });
      await bulk(ids, { action: 'delete' });
      const after = await cp.admin.call('listTeamDevices', { params: { id: teamId } });
      assert.equal(after.total, before.total - 2);

      const { items } = await cp.admin.call('listTeamAudit', {
        params: { id: teamId },
        query: { limit: 200 },
      });
      for (const event of [
        'group-set',
        'variables-changed',
        'restart-asked',
        'suspend-asked',
        'assigned',
        'deleted',
      ]) {
        for (const id of ids) {
          assert.ok(
            items.some((entry) => entry.event === `device.${event}` && entry.subject.id === id),
            event,
          );
        }
      }
      assert.ok(!JSON.stringify(items).includes('very-secret'));
      agent.close();
    });

    it('does for each person only what they may, and hides what they may not see', async () => {
      const [open, hidden] = [await buildDevice(), await buildDevice({ applicationId: otherId })];
      const { client, userId } = await buildMember(cp, teamId, 'member');
      await cp.admin.call('setApplicationRole', { params: { id: otherId, userId }, body: { role: 'none' } });
      const outcomes = async (change: BulkAction) =>
        (await bulk([open, hidden], change, client)).results.map(({ outcome }) => outcome);

      assert.deepEqual(await outcomes({ action: 'restart' }), ['done', 'not-found']);
      assert.deepEqual(await outcomes({ action: 'delete' }), ['refused', 'not-found']);
      assert.deepEqual(await outcomes({ action: 'move-to-group', deviceGroupId: null }), [
        'refused',
        'not-found',
      ]);
      await client.refused('changeManyDevices', 404, {
        params: { id: teamId },
        body: { deviceIds: [open], change: { action: 'assign', applicationId: otherId } },
      });
      await cp.admin.call('setApplicationRole', {
        params: { id: otherId, userId },
        body: { role: 'viewer' },
      });
      assert.deepEqual(await outcomes({ action: 'stop' }), ['done', 'refused']);
      assert.ok(await get(open));
    });

    it('refuses a bulk that is malformed as a whole, and nothing is done then', async () => {
      const device = await buildDevice();
      const refused = (body: object, status = 422) =>
        cp.admin.refused('changeManyDevices', status, { params: { id: teamId }, body: body as never });
      await refused({ deviceIds: [], change: { action: 'restart' } });
      await refused({ deviceIds: Array(1001).fill(device), change: { action: 'restart' } });
      await refused({ deviceIds: [device], change: { action: 'explode' } });
      await refused({ deviceIds: [device], change: { action: 'assign', applicationId, instanceId } });
      const twice = [
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
      ];
      await refused({ deviceIds: [device], change: { action: 'set-variables', set: twice } });
      const ruled = await buildGroup(['line=9']);
      await refused({ deviceIds: [device], change: { action: 'move-to-group', deviceGroupId: ruled } }, 409);
      assert.equal((await get(device)).labels.length, 0);
    });

    it('changes a thousand devices in one go', async function () {
      this.timeout(240_000);
      const ids = await multiply(await buildDevice(), 1000);
      const timed = async (change: BulkAction) => {
        const began = performance.now();
        const { done } = await bulk(ids, change);
        assert.equal(done, 1000);
        return performance.now() - began;
      };
      const took = {
        labels: await timed({ action: 'set-labels', add: ['line=3', 'hall=2'], remove: [] }),
        variables: await timed({
          action: 'set-variables',
          set: Array.from({ length: 10 }, (_, index) => ({ name: `V${index}`, value: 'x', secret: false })),
          remove: [],
        }),
        target: await timed({ action: 'set-target', snapshotId }),
        restart: await timed({ action: 'restart' }),
        move: await timed({ action: 'assign', applicationId: otherId, target: 'follow' }),
        delete: await timed({ action: 'delete' }),
      };
      process.stdout.write(
        `      ${Object.entries(took)
          .map(([name, ms]) => `${name} ${Math.round(ms)} ms`)
          .join(', ')}\n`,
      );
      for (const [name, ms] of Object.entries(took)) {
        assert.ok(ms < 8000, `${name} took ${ms} ms`);
      }
    });
  });
}
