import assert from 'node:assert/strict';
import { buildApplication, buildInstance, buildMember, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Moving an application to another team, on ${database}`, function () {
    this.timeout(60_000);
    let cp: RunningControlPlane;
    before(async () => {
      cp = await startControlPlane({ database });
    });
    after(() => cp?.stop());

    const move = (applicationId: string, teamId: string) => ({
      params: { id: applicationId },
      body: { teamId },
    });

    it('takes everything along, for the people of the new team and not those of the old', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const next = await buildApplication(cp);
      const owner = await buildMember(cp, teamId, 'owner');
      await cp.admin.call('addMember', {
        params: { id: next.teamId },
        body: { username: owner.username, role: 'owner' },
      });
      const [stays, comes] = [await buildMember(cp, teamId), await buildMember(cp, next.teamId, 'viewer')];
      const both = await buildMember(cp, teamId, 'viewer');
      await cp.admin.call('addMember', {
        params: { id: next.teamId },
        body: { username: both.username, role: 'viewer' },
      });
      for (const { userId } of [stays, both]) {
        await cp.admin.call('setApplicationRole', {
          params: { id: applicationId, userId },
          body: { role: 'member' },
        });
      }
      const instance = await buildInstance(cp, applicationId);
      const to = await buildInstance(cp, applicationId);
      const place = { id: applicationId };
      const direct = await cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: 'direct', applicationId },
      });
      const assigned = await cp.admin.call('createDevice', {
        params: { id: teamId },
        body: { name: 'assigned', instanceId: instance.id },
      });
      const loose = await cp.admin.call('createDevice', { params: { id: teamId }, body: { name: 'loose' } });
      const snapshot = await cp.admin.call('createInstanceSnapshot', {
        params: { id: instance.id },
        body: { name: 'first' },
      });
      const pipeline = await cp.admin.call('createPipeline', { params: place, body: { name: 'line' } });
      for (const stage of [instance, to]) {
        await cp.admin.call('createStage', {
          params: { id: pipeline.id },
          body: { name: stage.name, instanceId: stage.id },
        });
      }

      const moved = await owner.client.call('transferApplication', move(applicationId, next.teamId));

      assert.equal(moved.teamId, next.teamId);
      for (const [operation, id] of [
        ['getApplication', applicationId],
        ['getInstance', instance.id],
        ['getDevice', direct.id],
        ['getDevice', assigned.id],
        ['getSnapshot', snapshot.id],
        ['getPipeline', pipeline.id],
      ] as const) {
        await comes.client.call(operation, { params: { id } });
        await stays.client.refused(operation, 404, { params: { id } });
      }
      await stays.client.call('getDevice', { params: { id: loose.id } });
      const devices = (id: string) => cp.admin.call('listTeamDevices', { params: { id } });
      assert.deepEqual([(await devices(teamId)).total, (await devices(next.teamId)).total], [1, 2]);
      const { items: roles } = await cp.admin.call('listApplicationRoles', { params: place });
      assert.deepEqual(
        roles.map(({ username, role }) => [username, role]),
        [[both.username, 'member']],
      );
      for (const id of [teamId, next.teamId]) {
        const { items } = await cp.admin.call('listTeamAudit', { params: { id } });
        assert.ok(items.some(({ event }) => event === 'application.transferred'));
      }
    });

    it('is for owners of both teams and administrators', async () => {
      const { teamId, applicationId } = await buildApplication(cp);
      const next = await buildApplication(cp);
      const owner = await buildMember(cp, teamId, 'owner');
      const inApplication = await buildMember(cp, teamId, 'viewer');
      const stranger = await buildMember(cp, next.teamId, 'owner');
      await cp.admin.call('setApplicationRole', {
        params: { id: applicationId, userId: inApplication.userId },
        body: { role: 'owner' },
      });
      await cp.admin.call('addMember', {
        params: { id: next.teamId },
        body: { username: inApplication.username, role: 'owner' },
      });
      const wanted = move(applicationId, next.teamId);

      const unknown = await owner.client.refused('transferApplication', 422, wanted);
      const nothing = await owner.client.refused(
        'transferApplication',
        422,
        move(applicationId, '01abcdefghjkmnpqrstvwxyz00'),
      );
      assert.equal(unknown.message, nothing.message);
      await inApplication.client.refused('transferApplication', 403, wanted);
      await stranger.client.refused('transferApplication', 404, wanted);
      await cp.admin.refused('transferApplication', 422, move(applicationId, teamId));

      await cp.admin.call('transferApplication', wanted);
    });

    it('is refused when the other team would have too much, also when two come at once', async () => {
      const next = await buildApplication(cp);
      const type = await cp.admin.call('createTeamType', {
        body: { name: uniqueName('small'), limits: { instances: 1 } },
      });
      await cp.admin.call('updateTeam', { params: { id: next.teamId }, body: { teamTypeId: type.id } });
      const [one, two] = [await buildApplication(cp), await buildApplication(cp)];
      await buildInstance(cp, one.applicationId);
      await buildInstance(cp, two.applicationId);

      const answers = await Promise.all(
        [one, two].map(({ applicationId }) =>
          cp.admin.send('POST', `/applications/${applicationId}/transfer`, { body: { teamId: next.teamId } }),
        ),
      );

      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409]);
      assert.match(JSON.stringify(answers.map(({ body }) => body)), /Hosted instances: 2 of 1/);
    });

    it('works for two teams that exchange applications at once', async () => {
      const [one, two] = [await buildApplication(cp), await buildApplication(cp)];

      const answers = await Promise.all([
        cp.admin.send('POST', `/applications/${one.applicationId}/transfer`, {
          body: { teamId: two.teamId },
        }),
        cp.admin.send('POST', `/applications/${two.applicationId}/transfer`, {
          body: { teamId: one.teamId },
        }),
      ]);

      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200],
      );
    });

    it('does not let an instance be made in the old team meanwhile', async () => {
      const [one, two] = [await buildApplication(cp), await buildApplication(cp)];

      await Promise.all([
        cp.admin.send('POST', `/applications/${one.applicationId}/transfer`, {
          body: { teamId: two.teamId },
        }),
        ...Array.from({ length: 4 }, () =>
          cp.admin.send('POST', `/applications/${one.applicationId}/instances`, {
            body: { name: uniqueName('late'), start: false },
          }),
        ),
      ]);

      const { items } = await cp.admin.call('listInstances', { params: { id: one.applicationId } });
      assert.deepEqual(new Set(items.map(({ teamId }) => teamId)).size <= 1, true);
      assert.ok(items.every(({ teamId }) => teamId === two.teamId));
    });
  });
}
