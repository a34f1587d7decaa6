import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { buildApplication, uniqueName } from '../../support/builders.ts';
import { type RunningControlPlane, startControlPlane } from '../../support/control-plane.ts';

describe('The limits of a team type', () => {
  let cp: RunningControlPlane;
  let place: { teamId: string; applicationId: string };

  before(async () => {
    cp = await startControlPlane();
    place = await buildApplication(cp);
    // Changing a team type over the API comes later.
    const knex = openDatabase({ file: join(cp.dataDir, 'flowyard.sqlite') });
    await knex('team_types').update({ limits: JSON.stringify({ members: null, instances: 2, devices: 2 }) });
    await knex.destroy();
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

  it('hold for devices, and a removed one makes room', async () => {
    const make = () =>
      cp.admin.send('POST', `/teams/${place.teamId}/devices`, { body: { name: uniqueName('limited') } });

    const answers = await Promise.all([make(), make(), make()]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 201, 409]);

    const [first] = (await cp.admin.call('listTeamDevices', { params: { id: place.teamId } })).items;
    await cp.admin.call('deleteDevice', { params: { id: first?.id ?? '' } });
    assert.equal((await make()).status, 201);
  });
});
