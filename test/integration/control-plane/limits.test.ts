import assert from 'node:assert/strict';
import { buildApplication, buildMember, uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`The limits of a team type, on ${database}`, () => {
    let cp: ControlPlaneInProcess;
    let place: { teamId: string; applicationId: string };

    before(async () => {
      cp = await startControlPlane({ database });
      place = await buildApplication(cp);
      const [standard] = (await cp.admin.call('listTeamTypes')).items;
      const limits = { members: 3, instances: 2, devices: 2, snapshots: 2 };
      await cp.admin.call('updateTeamType', { params: { id: standard?.id ?? '' }, body: { limits } });
    });
    after(() => cp?.stop());

    it('hold for instances, also when several are made at once', async () => {
      const make = () =>
        cp.admin.send('POST', `/applications/${place.applicationId}/instances`, {
          body: { name: uniqueName('limited'), start: false },
        });

      const answers = await Promise.all([make(), make(), make(), make()]);

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 409, 409]);
      assert.equal((await cp.admin.call('listInstances', { params: { id: place.applicationId } })).total, 2);
    });

    it('hold for snapshots that people take, also at once, and never stop a deploy', async () => {
      const [instance] = (await cp.admin.call('listInstances', { params: { id: place.applicationId } }))
        .items;
      const params = { id: instance?.id ?? '' };
      const take = () =>
        cp.admin.send('POST', `/instances/${params.id}/snapshots`, {
          body: { name: uniqueName('snapshot') },
        });

      const answers = await Promise.all([take(), take(), take(), take()]);

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 409, 409]);
      await cp.admin.call('putFlows', { params, body: { revision: 0, flows: [] } });
    });

    it('hold for devices, and a removed one makes room', async () => {
      const make = () =>
        cp.admin.send('POST', `/teams/${place.teamId}/devices`, { body: { name: uniqueName('limited') } });

      const answers = await Promise.all(Array.from({ length: 8 }, make));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 409, 409, 409, 409, 409, 409]);

      const [first] = (await cp.admin.call('listTeamDevices', { params: { id: place.teamId } })).items;
      await cp.admin.call('deleteDevice', { params: { id: first?.id ?? '' } });
      assert.equal((await make()).status, 201);
    });

    it('hold for members, and one who left makes room', async () => {
      const people = await Promise.all(Array.from({ length: 5 }, () => buildMember(cp, null)));
      const add = (username: string) =>
        cp.admin.send('POST', `/teams/${place.teamId}/members`, { body: { username, role: 'viewer' } });

      const answers = await Promise.all(people.map(({ username }) => add(username)));

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 409, 409, 409]);
      const refused = answers.findIndex(({ status }) => status === 409);
      assert.match(JSON.stringify(answers[refused]?.body), /This team may have 3 members/);

      const joined = people[answers.findIndex(({ status }) => status === 201)];
      await cp.admin.call('removeMember', { params: { id: place.teamId, userId: joined?.userId ?? '' } });
      assert.equal((await add(people[refused]?.username ?? '')).status, 201);
    });
  });
}
