import assert from 'node:assert/strict';
import { buildApplication, buildInstance, buildMember, deploy, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Team types, on ${database}`, () => {
    let cp: RunningControlPlane;
    before(async () => {
      cp = await startControlPlane({ database });
    });
    after(() => cp?.stop());

    const make = (limits: object) =>
      cp.admin.call('createTeamType', { body: { name: uniqueName('type'), limits } });

    it('are refused for a team that has more, with the list of what is too much', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const { instanceType } = await buildInstance(cp, applicationId);
      await buildInstance(cp, applicationId);
      await buildMember(cp, teamId, 'viewer');
      const small = await make({
        members: 1,
        instances: 1,
        devices: 0,
        instancesByType: { [instanceType.id]: 1 },
      });
      const params = { id: teamId };

      const beforehand = await cp.admin.call('getTeamUsage', { params, query: { teamTypeId: small.id } });
      const error = await cp.admin.refused('updateTeam', 409, { params, body: { teamTypeId: small.id } });

      const wanted = [
        ['members', 1, 2],
        ['instances', 1, 2],
        [`instancesByType.${instanceType.id}`, 1, 2],
      ];
      const facts = (items: Array<{ limit: string; allowed: number | null; have: number }>) =>
        items
          .filter(({ allowed, have }) => have > (allowed ?? have))
          .map(({ limit, allowed, have }) => [limit, allowed, have]);
      assert.equal(error.code, 'limits_exceeded');
      assert.deepEqual(facts(error.details?.exceeded as never), wanted);
      assert.deepEqual(facts(beforehand.items), wanted);
      assert.notEqual((await cp.admin.call('getTeam', { params })).teamTypeId, small.id);
    });

    it('are given to teams by administrators only', async () => {
      const { teamId } = await buildApplication(cp);
      const { client } = await buildMember(cp, teamId, 'owner');
      const large = await make({ members: 100 });
      const change = { params: { id: teamId }, body: { teamTypeId: large.id } };

      await client.refused('updateTeam', 403, change);
      await client.refused('createTeamType', 403, { body: { name: 'No' } });
      await cp.admin.call('updateTeam', change);

      const { items } = await client.call('getTeamUsage', { params: { id: teamId } });
      assert.deepEqual(items[0], { limit: 'members', name: 'Members', allowed: 100, have: 2 });
    });

    it('limit the instances of one type, also when several are made at once', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const [type] = (await cp.admin.call('listInstanceTypes')).items;
      const limited = await make({ instancesByType: { [type?.id ?? '']: 1 } });
      await cp.admin.call('updateTeam', { params: { id: teamId }, body: { teamTypeId: limited.id } });
      const create = () =>
        cp.admin.send('POST', `/applications/${applicationId}/instances`, {
          body: { name: uniqueName('limited'), start: false },
        });

      const answers = await Promise.all([create(), create(), create()]);

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409]);
      assert.match(
        JSON.stringify(answers.map(({ body }) => body)),
        /This team may have 1 hosted instances of the type/,
      );
    });

    it('are not deleted while they are used or the default, and there is one default', async () => {
      const { teamId } = await buildApplication(cp);
      const type = await make({});
      const params = { id: type.id };
      await cp.admin.call('updateTeam', { params: { id: teamId }, body: { teamTypeId: type.id } });
      assert.equal((await cp.admin.refused('deleteTeamType', 409, { params })).code, 'in_use');

      const next = await make({});
      await cp.admin.call('updateTeamType', { params: { id: next.id }, body: { default: true } });

      const { items } = await cp.admin.call('listTeamTypes', { query: { limit: 200 } });
      assert.deepEqual(
        items.filter((item) => item.default).map(({ id }) => id),
        [next.id],
      );
      assert.equal(
        (await cp.admin.call('createTeam', { body: { name: uniqueName('T') } })).teamTypeId,
        next.id,
      );
      assert.equal(
        (await cp.admin.refused('deleteTeamType', 409, { params: { id: next.id } })).code,
        'is_default',
      );
      const unused = await make({});
      await cp.admin.call('deleteTeamType', { params: { id: unused.id } });
    });

    it('leave features out: nothing is added or changed, what is there goes on and can be deleted', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const team = { id: teamId };
      const instance = await buildInstance(cp, applicationId);
      const device = { name: uniqueName('device'), applicationId };
      const made = await cp.admin.call('createDevice', { params: team, body: device });
      const join = await cp.admin.call('createProvisioningToken', {
        params: team,
        body: { name: 'line', applicationId },
      });
      const bare = await cp.admin.call('createTeamType', {
        body: {
          name: uniqueName('bare'),
          without: ['devices', 'pipelines', 'webhooks', 'http-tokens', 'blueprints'],
        },
      });
      const beforehand = await cp.admin.call('getTeamUsage', {
        params: team,
        query: { teamTypeId: bare.id },
      });
      assert.deepEqual(beforehand.without[0], { feature: 'devices', name: 'Devices', have: 1 });

      await cp.admin.call('updateTeam', { params: team, body: { teamTypeId: bare.id } });

      const codes = [
        await cp.admin.refused('createDevice', 403, { params: team, body: { name: 'no' } }),
        await cp.admin.refused('createPipeline', 403, {
          params: { id: applicationId },
          body: { name: 'no' },
        }),
        await cp.admin.refused('createWebhook', 403, { params: team, body: {} }),
        await cp.admin.refused('createHttpToken', 403, { params: { id: instance.id }, body: { name: 'no' } }),
      ].map(({ code }) => code);
      assert.deepEqual([...new Set(codes)], ['not_in_team_type']);
      await cp.visitor().refused('registerDevice', 403, {
        headers: { authorization: `Bearer ${join.token}` },
        body: { name: 'no', agentVersion: '1.0.0' },
      });
      assert.equal((await cp.admin.call('getTeam', { params: team })).without.length, 5);
      assert.equal((await cp.admin.call('listTeamDevices', { params: team })).total, 1);
      await cp.admin.call('deleteDevice', { params: { id: made.id } });
    });

    it('limit storage for snapshots and new instances, never for a deploy, and count each part once', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const instance = await buildInstance(cp, applicationId);
      const small = await make({ storageMb: 1 });
      await cp.admin.call('updateTeam', { params: { id: teamId }, body: { teamTypeId: small.id } });
      const params = { id: instance.id };
      const usage = async () => {
        const { items } = await cp.admin.call('getTeamUsage', { params: { id: teamId } });
        return items.find(({ limit }) => limit === 'storageMb')?.have;
      };
      const flows = [{ id: 'a', type: 'comment', info: 'x'.repeat(700 * 1024) }];
      let revision = await deploy(cp, instance.id, flows);
      await cp.admin.call('createInstanceSnapshot', { params, body: { name: 'one' } });
      await cp.admin.call('createInstanceSnapshot', { params, body: { name: 'the same again' } });
      assert.equal(await usage(), 1);

      const others = [{ id: 'a', type: 'comment', info: 'y'.repeat(700 * 1024) }];
      ({ revision } = await cp.admin.call('putFlows', { params, body: { revision, flows: others } }));

      assert.equal(await usage(), 2);
      const error = await cp.admin.refused('createInstanceSnapshot', 409, { params, body: { name: 'no' } });
      assert.match(error.message, /may keep 1 MB/);
      await cp.admin.refused('createInstance', 409, {
        params: { id: applicationId },
        body: { name: uniqueName('full'), start: false },
      });
      await cp.admin.call('putFlows', { params, body: { revision, flows: [] } });
      assert.equal(await usage(), 1);
      await cp.admin.call('createInstanceSnapshot', { params, body: { name: 'there is room again' } });
    });

    it('have prices for devices and what is free, and refuse odd ones', async () => {
      const type = await cp.admin.call('createTeamType', {
        body: { name: uniqueName('priced'), devicePrice: 2.5, allowance: 100 },
      });
      assert.deepEqual([type.devicePrice, type.allowance, type.without], [2.5, 100, []]);
      const params = { id: type.id };
      const changed = await cp.admin.call('updateTeamType', { params, body: { devicePrice: null } });
      assert.deepEqual([changed.devicePrice, changed.allowance], [null, 100]);
      await cp.admin.refused('updateTeamType', 422, { params, body: { allowance: -1 } });
      await cp.admin.refused('updateTeamType', 422, { params, body: { without: ['colours'] } });
    });

    it('refuse limits that make no sense, and name the field', async () => {
      for (const [limits, field] of [
        [{ members: 0 }, 'limits.members'],
        [{ devices: -1 }, 'limits.devices'],
        [{ snapshots: 1.5 }, 'limits.snapshots'],
        [{ auditDays: 'long' }, 'limits.auditDays'],
        [{ colours: 3 }, 'limits.colours'],
        [{ instancesByType: { nothing: 3 } }, 'limits.instancesByType'],
      ] as const) {
        const error = await cp.admin.refused('createTeamType', 422, { body: { name: 'Odd', limits } });
        assert.match(JSON.stringify(error.details), new RegExp(field));
      }
    });
  });
}
