import assert from 'node:assert/strict';
import { ApiClient } from '../../support/api-client.ts';
import { buildApplication, buildInstance, buildMember } from '../../support/builders.ts';
import { ADMIN_PASSWORD, type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';
import { LiveClient } from '../../support/live-client.ts';

describe('Sessions and tokens of a person', () => {
  let cp: RunningControlPlane;
  before(async () => {
    cp = await startControlPlane();
  });
  after(() => cp?.stop());

  it('are listed with where they come from, and ended from another one with its live connection', async () => {
    const { client, username } = await buildMember(cp, null);
    const elsewhere = cp.visitor();
    await elsewhere.signIn(username, ADMIN_PASSWORD);
    const live = await LiveClient.connect(cp.url, { cookie: elsewhere.cookie ?? '' });

    const { items } = await client.call('listSessions');
    const other = items.find((session) => !session.current);
    assert.equal(items.length, 2);
    assert.match(other?.address ?? '', /127\.0\.0\.1|::1/);
    await client.call('endSession', { params: { id: other?.id ?? '' } });

    await elsewhere.refused('getUser', 401);
    await eventually(() => live.closeCode !== undefined);
    assert.equal((await client.call('listSessions')).total, 1);
  });

  it("are nobody else's to end", async () => {
    const one = await buildMember(cp, null);
    const two = await buildMember(cp, null);
    const [session] = (await one.client.call('listSessions')).items;

    await two.client.refused('endSession', 404, { params: { id: session?.id ?? '' } });

    await one.client.call('getUser');
  });

  it('take the live connection of a program along when its token is revoked', async () => {
    const { id, token } = await cp.admin.call('createAccessToken', { body: { name: 'program' } });
    const live = await LiveClient.connect(cp.url, new ApiClient(cp.url, token).authentication);
    const other = await LiveClient.connect(cp.url, cp.admin.authentication);

    await cp.admin.call('deleteAccessToken', { params: { id } });

    await eventually(() => live.closeCode !== undefined);
    assert.equal(other.closeCode, undefined);
    other.close();
  });

  describe('limited to an application', () => {
    let place: { teamId: string; applicationId: string };
    let program: ApiClient;
    let instanceId: string;

    before(async () => {
      place = await buildApplication(cp);
      instanceId = (await buildInstance(cp, place.applicationId)).id;
      const { token } = await cp.admin.call('createAccessToken', {
        body: { name: 'Line 1', applicationId: place.applicationId },
      });
      program = new ApiClient(cp.url, token);
    });

    it('do what their person may, there and nowhere else', async () => {
      const second = await cp.admin.call('createApplication', {
        params: { id: place.teamId },
        body: { name: 'Second' },
      });

      await program.call('updateInstance', {
        params: { id: instanceId },
        body: { description: 'by a program' },
      });
      await program.refused('getApplication', 404, { params: { id: second.id } });
      await program.refused('getTeam', 404, { params: { id: place.teamId } });
      await program.refused('listTeamInstances', 404, { params: { id: place.teamId } });
      await program.refused('listUsers', 403);
    });

    it('list no other team, make no team, and leave the account of their person alone', async () => {
      await buildApplication(cp);

      const { items } = await program.call('listTeams');

      assert.deepEqual(
        items.map((team) => team.id),
        [place.teamId],
      );
      await program.refused('createTeam', 403, { body: { name: 'No' } });
      await program.refused('updateUser', 403, { body: { email: 'somebody.else@example.org' } });
    });

    it('are refused for an application that their maker does not see, and for one of another team', async () => {
      const { client } = await buildMember(cp, null);
      const other = await buildApplication(cp);

      const unseen = await client.refused('createAccessToken', 422, {
        body: { name: 'No', applicationId: place.applicationId },
      });
      const elsewhere = await cp.admin.refused('createAccessToken', 422, {
        body: { name: 'No', applicationId: place.applicationId, teamId: other.teamId },
      });

      assert.match(JSON.stringify(unseen.details), /applicationId/);
      assert.match(JSON.stringify(elsewhere.details), /teamId|applicationId/);
    });
  });
});
