import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import { RecycleBinService } from '../../../control-plane/src/features/recycle-bin/service.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import type { ApiClient } from '../../support/api-client.ts';
import { getFromInstance } from '../../support/api-client.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  buildMember,
  instanceIn,
  uniqueName,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

const EIGHT_DAYS_MS = 8 * 24 * 3600_000;

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`The recycle bin, on ${database}`, function () {
    this.timeout(120_000);
    let cp: ControlPlaneInProcess;
    before(async () => {
      cp = await startControlPlane({ database });
    });
    after(() => cp?.stop());

    const bin = async (client: ApiClient, teamId: string) =>
      (await client.call('listBinnedInstances', { params: { id: teamId } })).items;
    /** What the server does by itself once an hour, eight days from now. */
    const cleanUp = async () => {
      const rows = openDatabase(cp.database);
      const changes = new Changes();
      const db = new Database(rows, changes, Buffer.alloc(32));
      await new RecycleBinService({ db, changes, logger: pino({ level: 'silent' }) }).purgeOld(
        Date.now() + EIGHT_DAYS_MS,
      );
      await rows.destroy();
    };

    it('keeps a deleted instance away from everybody, and gives it back as it was', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const owner = await buildMember(cp, teamId, 'owner');
      const instance = await buildInstance(cp, applicationId, { flows: answeringFlow('here') });
      const params = { id: instance.id };
      const place = { id: teamId, instanceId: instance.id };

      await owner.client.call('deleteInstance', { params });

      await owner.client.refused('getInstance', 404, { params });
      await cp.admin.refused('controlInstance', 404, { params, body: { action: 'start' } });
      assert.equal((await owner.client.call('listTeamInstances', { params: { id: teamId } })).total, 0);
      assert.equal((await owner.client.call('listInstances', { params: { id: applicationId } })).total, 0);
      assert.equal(
        (await owner.client.call('getApplication', { params: { id: applicationId } })).counts.instances,
        0,
      );
      assert.deepEqual(
        (await owner.client.call('getTeamOverview', { params: { id: teamId } })).instances,
        {},
      );
      const [binned] = await bin(owner.client, teamId);
      assert.deepEqual([binned?.name, binned?.deletedBy], [instance.name, owner.username]);
      assert.equal(
        Date.parse(binned?.purgeAt ?? '') - Date.parse(binned?.deletedAt ?? ''),
        7 * 24 * 3600_000,
      );
      await cp.admin.refused('createInstance', 409, {
        params: { id: applicationId },
        body: { name: instance.name },
      });
      await cp.admin.refused('deleteApplication', 409, { params: { id: applicationId } });

      await owner.client.call('restoreInstance', { params: place });

      assert.equal((await owner.client.call('getInstance', { params })).flowsRevision, 1);
      assert.deepEqual(await bin(owner.client, teamId), []);
      await owner.client.refused('restoreInstance', 404, { params: place });
    });

    it('is for owners of that team alone', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const other = await buildApplication(cp);
      const member = await buildMember(cp, teamId);
      const stranger = await buildMember(cp, other.teamId, 'owner');
      const instance = await buildInstance(cp, applicationId);
      await cp.admin.call('deleteInstance', { params: { id: instance.id } });
      const place = { id: teamId, instanceId: instance.id };

      await member.client.refused('listBinnedInstances', 403, { params: { id: teamId } });
      await member.client.refused('restoreInstance', 403, { params: place });
      await stranger.client.refused('restoreInstance', 404, { params: place });
      await stranger.client.refused('restoreInstance', 404, { params: { ...place, id: other.teamId } });
      await stranger.client.refused('purgeInstance', 404, { params: { ...place, id: other.teamId } });
      assert.deepEqual(await bin(stranger.client, other.teamId), []);
    });

    it('counts in the limits until something is deleted for good, which can be done at once', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const type = await cp.admin.call('createTeamType', {
        body: { name: uniqueName('one'), limits: { instances: 1 } },
      });
      await cp.admin.call('updateTeam', { params: { id: teamId }, body: { teamTypeId: type.id } });
      const instance = await buildInstance(cp, applicationId);
      await cp.admin.call('deleteInstance', { params: { id: instance.id } });
      const another = { params: { id: applicationId }, body: { name: uniqueName('another'), start: false } };

      await cp.admin.refused('createInstance', 409, another);
      await cp.admin.call('purgeInstance', { params: { id: teamId, instanceId: instance.id } });

      await cp.admin.call('createInstance', another);
      assert.deepEqual(await bin(cp.admin, teamId), []);
    });

    it('does not take an instance that a pipeline or a device uses', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const instance = await buildInstance(cp, applicationId);
      await cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: 'd', instanceId: instance.id },
      });

      assert.equal(
        (await cp.admin.refused('deleteInstance', 409, { params: { id: instance.id } })).code,
        'in_use',
      );
    });

    it('takes a whole team out of sight, and gives it back to whoever deleted it', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const owner = await buildMember(cp, teamId, 'owner');
      const second = await buildMember(cp, teamId, 'owner');
      const instance = await buildInstance(cp, applicationId);
      const { credentials, id: deviceId } = await cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: 'press', applicationId },
      });
      const invited = await buildMember(cp, null);
      await cp.admin.call('createInvitation', {
        params: { id: teamId },
        body: { invitee: invited.username, role: 'viewer' },
      });

      await owner.client.call('deleteTeam', { params: { id: teamId } });

      for (const client of [owner.client, second.client, cp.admin]) {
        await client.refused('getTeam', 404, { params: { id: teamId } });
        await client.refused('getApplication', 404, { params: { id: applicationId } });
        await client.refused('getInstance', 404, { params: { id: instance.id } });
        await client.refused('getDevice', 404, { params: { id: deviceId } });
        assert.equal(
          JSON.stringify((await client.call('listTeams', { query: { limit: 200 } })).items).includes(teamId),
          false,
        );
      }
      assert.equal((await invited.client.call('listOwnInvitations')).total, 0);
      const agent = await fetch(`${cp.url}/api/v1/devices/${deviceId}`, {
        headers: { authorization: `Bearer ${credentials.token}` },
      });
      assert.equal(agent.status, 401);
      assert.equal((await second.client.call('listBinnedTeams')).total, 0);
      await second.client.refused('restoreTeam', 404, { params: { id: teamId } });
      await owner.client.refused('purgeTeam', 403, { params: { id: teamId } });
      assert.deepEqual(
        (await owner.client.call('listBinnedTeams')).items.map(({ id }) => id),
        [teamId],
      );
      assert.ok((await cp.admin.call('listBinnedTeams')).items.some(({ id }) => id === teamId));

      await owner.client.call('restoreTeam', { params: { id: teamId } });

      assert.equal((await second.client.call('getTeam', { params: { id: teamId } })).role, 'owner');
      assert.equal((await owner.client.call('getDevice', { params: { id: deviceId } })).name, 'press');
      assert.equal((await invited.client.call('listOwnInvitations')).total, 1);
      await owner.client.refused('restoreTeam', 404, { params: { id: teamId } });
    });

    it('is emptied after seven days, with all that a team had, and can be emptied again', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const instance = await buildInstance(cp, applicationId);
      const to = await buildInstance(cp, applicationId);
      const params = { id: applicationId };
      const group = await cp.admin.call('createDeviceGroup', { params, body: { name: 'group' } });
      const device = await cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: 'press', applicationId },
      });
      await cp.admin.call('updateDeviceGroupMembers', {
        params: { id: group.id },
        body: { add: [device.id], remove: [] },
      });
      const snapshot = await cp.admin.call('createInstanceSnapshot', {
        params: { id: instance.id },
        body: { name: 'first' },
      });
      const pipeline = await cp.admin.call('createPipeline', { params, body: { name: 'pipeline' } });
      for (const stage of [instance, to]) {
        await cp.admin.call('createStage', {
          params: { id: pipeline.id },
          body: { name: stage.name, instanceId: stage.id },
        });
      }
      await cp.admin.call('createProvisioningToken', {
        params: { id: teamId },
        body: { name: 'token', applicationId },
      });
      await cp.admin.call('createInvitation', {
        params: { id: teamId },
        body: { invitee: 'a@example.com', role: 'viewer' },
      });
      await cp.admin.call('deleteTeam', { params: { id: teamId } });
      const single = await buildApplication(cp);
      const alone = await buildInstance(cp, single.applicationId);
      await cp.admin.call('deleteInstance', { params: { id: alone.id } });

      await cleanUp();
      await cleanUp();

      const rows = openDatabase(cp.database);
      for (const [table, column, id] of [
        ['teams', 'id', teamId],
        ['instances', 'team_id', teamId],
        ['instances', 'id', alone.id],
        ['devices', 'team_id', teamId],
        ['snapshots', 'id', snapshot.id],
        ['stages', 'pipeline_id', pipeline.id],
        ['device_groups', 'id', group.id],
        ['invitations', 'team_id', teamId],
        ['provisioning_tokens', 'team_id', teamId],
      ] as const) {
        assert.deepEqual(await rows(table).where({ [column]: id }), [], `${table} still has rows`);
      }
      await rows.destroy();
      await cp.admin.refused('restoreTeam', 404, { params: { id: teamId } });
      await cp.admin.call('createInstance', {
        params: { id: single.applicationId },
        body: { name: alone.name, start: false },
      });
    });

    it('a suspended team reads and does not write, and is resumed by an administrator', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const owner = await buildMember(cp, teamId, 'owner');
      const viewer = await buildMember(cp, teamId, 'viewer');
      const instance = await buildInstance(cp, applicationId);
      const suspend = (suspended: boolean) => ({ params: { id: teamId }, body: { suspended } });
      await owner.client.refused('suspendTeam', 403, suspend(true));
      assert.equal((await cp.admin.call('suspendTeam', suspend(true))).suspended, true);

      for (const client of [owner.client, cp.admin]) {
        assert.equal((await client.call('getTeam', { params: { id: teamId } })).suspended, true);
        assert.equal((await client.call('listTeamInstances', { params: { id: teamId } })).total, 1);
        const writes = [
          await client.refused('updateTeam', 409, { params: { id: teamId }, body: { name: 'x' } }),
          await client.refused('controlInstance', 409, {
            params: { id: instance.id },
            body: { action: 'start' },
          }),
          await client.refused('createApplication', 409, { params: { id: teamId }, body: { name: 'x' } }),
          await client.refused('deleteTeam', 409, { params: { id: teamId } }),
        ];
        assert.deepEqual(new Set(writes.map(({ code }) => code)), new Set(['team_suspended']));
      }
      await viewer.client.refused('updateTeam', 403, { params: { id: teamId }, body: { name: 'x' } });
      await cp.admin.call('suspendTeam', suspend(false));
      await cp.admin.call('suspendTeam', suspend(false));

      await owner.client.call('updateTeam', { params: { id: teamId }, body: { name: 'again' } });
      const { items } = await cp.admin.call('listTeamAudit', { params: { id: teamId } });
      const events = items.map(({ event }) => event).filter((event) => /suspended|resumed/.test(event));
      assert.deepEqual(events, ['team.resumed', 'team.suspended']);
    });
  });
}

describe('What runs, when it is deleted or its team suspended', function () {
  this.timeout(180_000);
  let cp: ControlPlaneInProcess;
  before(async () => {
    cp = await startControlPlane();
  });
  after(() => cp?.stop());

  it('stops, keeps its folder in the bin, and runs again when it is back', async () => {
    const { teamId, applicationId } = await buildApplication(cp);
    const instance = await buildInstance(cp, applicationId, { flows: answeringFlow('here') });
    const still = await buildInstance(cp, applicationId);
    const params = { id: instance.id };
    await cp.admin.call('controlInstance', { params, body: { action: 'start' } });
    await answers(instance, 'here');
    const folders = join(cp.dataDir, 'instances');
    const count = readdirSync(folders).length;
    const isAway = async () => (await getFromInstance(instance.url, '/answer')).status !== 200;

    await cp.admin.call('deleteInstance', { params });
    await eventually(isAway, { withinMs: 20_000 });
    assert.equal(readdirSync(folders).length, count);
    await cp.admin.call('restoreInstance', { params: { id: teamId, instanceId: instance.id } });
    await answers(instance, 'here');

    await cp.admin.call('suspendTeam', { params: { id: teamId }, body: { suspended: true } });
    await instanceIn(cp, instance.id, 'suspended');
    await cp.admin.call('suspendTeam', { params: { id: teamId }, body: { suspended: false } });
    await answers(instance, 'here');

    await cp.admin.call('deleteTeam', { params: { id: teamId } });
    await eventually(isAway, { withinMs: 20_000 });
    await cp.admin.call('restoreTeam', { params: { id: teamId } });
    await answers(instance, 'here');
    assert.equal((await cp.admin.call('getInstance', { params: { id: still.id } })).desired, 'stopped');

    await cp.admin.call('deleteInstance', { params });
    await cp.admin.call('purgeInstance', { params: { id: teamId, instanceId: instance.id } });
    await eventually(() => !existsSync(folders) || readdirSync(folders).length === count - 1, {
      withinMs: 20_000,
    });
  });
});
