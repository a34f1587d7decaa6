import assert from 'node:assert/strict';
import { buildApplication, buildInstance, buildMember, uniqueName } from '../../support/builders.ts';
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
