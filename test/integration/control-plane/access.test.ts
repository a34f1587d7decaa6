import assert from 'node:assert/strict';
import { ApiClient } from '../../support/api-client.ts';
import { buildApplication, buildInstance, buildMember } from '../../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Who may do what, on ${database}`, () => {
    let cp: RunningControlPlane;
    let place: { teamId: string; applicationId: string };
    let instanceId: string;

    before(async () => {
      cp = await startControlPlane({ database });
      place = await buildApplication(cp);
      instanceId = (await buildInstance(cp, place.applicationId)).id;
    });
    after(() => cp?.stop());

    it('tells whoever is not signed in to sign in', async () => {
      await cp.visitor().refused('getInstance', 401, { params: { id: instanceId } });
      await cp.visitor().refused('listTeams', 401);
    });

    it('hides what belongs to another team as if it were not there', async () => {
      const { client } = await buildMember(cp, null);

      await client.refused('getInstance', 404, { params: { id: instanceId } });
      await client.refused('getTeam', 404, { params: { id: place.teamId } });
      assert.equal((await client.call('listTeams')).total, 0);
    });

    it('lets a viewer read and nothing else', async () => {
      const { client } = await buildMember(cp, place.teamId, 'viewer');

      await client.call('getInstance', { params: { id: instanceId } });
      const error = await client.refused('controlInstance', 403, {
        params: { id: instanceId },
        body: { action: 'start' },
      });

      assert.match(error.message, /viewer/);
    });

    it('lets a member deploy and not delete', async () => {
      const { client } = await buildMember(cp, place.teamId, 'member');
      const own = await buildInstance(cp, place.applicationId);

      await client.call('putFlows', { params: { id: own.id }, body: { revision: 0, flows: [] } });
      await client.refused('deleteInstance', 403, { params: { id: own.id } });
    });

    it('honours the role in an application, up and down, in single things, lists and the audit log', async () => {
      const up = await buildMember(cp, place.teamId, 'viewer');
      const none = await buildMember(cp, place.teamId, 'member');
      await cp.admin.call('setApplicationRole', {
        params: { id: place.applicationId, userId: up.userId },
        body: { role: 'member' },
      });
      await cp.admin.call('setApplicationRole', {
        params: { id: place.applicationId, userId: none.userId },
        body: { role: 'none' },
      });

      await up.client.call('updateInstance', {
        params: { id: instanceId },
        body: { description: 'by a raised viewer' },
      });
      await none.client.refused('getInstance', 404, { params: { id: instanceId } });
      assert.equal((await none.client.call('listTeamInstances', { params: { id: place.teamId } })).total, 0);
      assert.equal((await none.client.call('listApplications', { params: { id: place.teamId } })).total, 0);
      const audit = await none.client.call('listTeamAudit', {
        params: { id: place.teamId },
        query: { limit: 200 },
      });
      assert.ok(audit.items.every((entry) => entry.applicationId !== place.applicationId));
    });

    it('shows whoever becomes an owner what was hidden from them', async () => {
      const person = await buildMember(cp, place.teamId, 'member');
      await cp.admin.call('setApplicationRole', {
        params: { id: place.applicationId, userId: person.userId },
        body: { role: 'none' },
      });
      await person.client.refused('getApplication', 404, { params: { id: place.applicationId } });

      await cp.admin.call('updateMember', {
        params: { id: place.teamId, userId: person.userId },
        body: { role: 'owner' },
      });

      await person.client.call('getApplication', { params: { id: place.applicationId } });
    });

    it('keeps the last owner of a team', async () => {
      const team = await cp.admin.call('createTeam', { body: { name: 'Two owners' } });
      const second = await buildMember(cp, team.id, 'owner');
      const [first] = (await cp.admin.call('listMembers', { params: { id: team.id } })).items;

      const answers = await Promise.all([
        cp.admin.send('PATCH', `/teams/${team.id}/members/${second.userId}`, { body: { role: 'viewer' } }),
        second.client.send('PATCH', `/teams/${team.id}/members/${first?.userId}`, {
          body: { role: 'viewer' },
        }),
      ]);

      assert.equal(answers.filter(({ status }) => status === 200).length, 1, JSON.stringify(answers));
      const { items } = await cp.admin.call('listMembers', { params: { id: team.id } });
      assert.equal(items.filter(({ role }) => role === 'owner').length, 1);
    });

    it('limits an access token to its team and to reading, and ends it when it is revoked', async () => {
      const other = await buildApplication(cp);
      const { id, token } = await cp.admin.call('createAccessToken', {
        body: { name: 'Monitoring', teamId: place.teamId, readOnly: true },
      });
      const program = new ApiClient(cp.url, token);

      await program.call('getInstance', { params: { id: instanceId } });
      await program.refused('updateInstance', 403, {
        params: { id: instanceId },
        body: { description: 'no' },
      });
      await program.refused('getApplication', 404, { params: { id: other.applicationId } });
      await program.refused('listUsers', 403);

      await cp.admin.call('deleteAccessToken', { params: { id } });
      await program.refused('getInstance', 401, { params: { id: instanceId } });
    });

    it('wants a header that other sites cannot send with a cookie', async () => {
      const response = await fetch(`${cp.url}/api/v1/teams`, {
        method: 'POST',
        headers: { cookie: cp.admin.cookie ?? '', 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'Forged' }),
      });

      assert.equal(response.status, 403);
    });

    it('makes wrong passwords wait, and nobody else', async () => {
      const { username } = await buildMember(cp, null);
      const statuses: number[] = [];
      for (let attempt = 0; attempt < 11; attempt++) {
        const answer = await cp.visitor().send('POST', '/session', { body: { username, password: 'wrong' } });
        statuses.push(answer.status);
      }

      assert.deepEqual([...new Set(statuses)], [401, 429]);
      await cp.visitor().signIn('admin', ADMIN_PASSWORD);
    });
  });
}
