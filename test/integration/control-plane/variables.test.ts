import assert from 'node:assert/strict';
import { getFromInstance } from '../../support/api-client.ts';
import { buildApplication, buildInstance, buildMember, instanceIn } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Variables of several levels (${database})`, function () {
    this.timeout(120_000);
    let cp: ControlPlaneInProcess;
    let place: { teamId: string; applicationId: string };

    before(async () => {
      cp = await startControlPlane({ database });
      place = await buildApplication(cp);
    });
    after(() => cp?.stop());

    const items = (values: Record<string, string>) => ({
      items: Object.entries(values).map(([name, value]) => ({ name, value })),
    });
    const setAll = async (name: string) => {
      await cp.admin.call('setPlatformVariables', {
        body: items({ A: 'platform', B: 'platform', C: 'platform', D: 'platform' }),
      });
      await cp.admin.call('setTeamVariables', {
        params: { id: place.teamId },
        body: items({ B: 'team', C: 'team', D: 'team' }),
      });
      await cp.admin.call('setApplicationVariables', {
        params: { id: place.applicationId },
        body: items({ C: 'application', D: 'application' }),
      });
      const instance = await buildInstance(cp, place.applicationId, { env: { D: name } });
      return instance;
    };

    it('count for an instance, the nearer ones first, and say where they come from', async () => {
      const { id } = await setAll('mine');

      const { resolved } = await cp.admin.call('getInstanceVariables', { params: { id } });
      assert.deepEqual(
        resolved.map(({ name, value, origin }) => [name, value, origin.kind]),
        [
          ['A', 'platform', 'platform'],
          ['B', 'team', 'team'],
          ['C', 'application', 'application'],
          ['D', 'mine', 'instance'],
        ],
      );
    });

    it('keep secrets to themselves at every level, also in the audit log', async () => {
      const params = { id: place.teamId };
      const secret = { name: 'PASSWORD', value: 'very-secret', secret: true };
      const view = await cp.admin.call('setTeamVariables', { params, body: { items: [secret] } });

      assert.deepEqual(view.items, [{ name: 'PASSWORD', value: null, secret: true }]);
      const kept = await cp.admin.call('setTeamVariables', {
        params,
        body: { items: [{ name: 'PASSWORD', secret: true }] },
      });
      assert.equal(kept.items.length, 1);
      await cp.admin.refused('setTeamVariables', 422, {
        params,
        body: { items: [{ name: 'NEW', secret: true }] },
      });
      const { items: entries } = await cp.admin.call('listTeamAudit', { params });
      assert.ok(entries.some(({ event }) => event === 'team.variables-changed'));
      assert.ok(!JSON.stringify(entries).includes('very-secret'));
    });

    it('refuse names that are ours or no names, and names twice', async () => {
      const params = { id: place.teamId };
      for (const name of ['FLOWYARD_URL', '1A', 'A B', '', '__proto__', 'A=B', 'Ä']) {
        await cp.admin.refused('setTeamVariables', 422, { params, body: { items: [{ name, value: 'x' }] } });
      }
      const twice = {
        items: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      };
      await cp.admin.refused('setTeamVariables', 422, { params, body: twice });
    });

    it('are for those to change whose level it is', async () => {
      const member = await buildMember(cp, place.teamId, 'member');
      const owner = await buildMember(cp, place.teamId, 'owner');
      const team = { params: { id: place.teamId }, body: { items: [] } };
      const application = { params: { id: place.applicationId }, body: { items: [] } };

      await member.client.refused('setTeamVariables', 403, team);
      await member.client.refused('setApplicationVariables', 403, application);
      await member.client.call('getTeamVariables', { params: team.params });
      await owner.client.call('setTeamVariables', team);
      await owner.client.call('setApplicationVariables', application);
      await owner.client.refused('setPlatformVariables', 403, { body: { items: [] } });
      await owner.client.refused('getPlatformVariables', 403);
    });

    it('are read from the text of a .env file, with what cannot be used', async () => {
      const text =
        'A=1\nexport B="two words"\n# comment\nFLOWYARD_URL=x\nC=\'it is #3\'\nBAD-NAME=1\nD="a\\nb"';

      const { items: read, refused } = await cp.admin.call('parseVariables', { body: { text } });
      assert.deepEqual(read, [
        { name: 'A', value: '1' },
        { name: 'B', value: 'two words' },
        { name: 'C', value: 'it is #3' },
        { name: 'D', value: 'a\nb' },
      ]);
      assert.ok(refused.some(({ name }) => name === 'FLOWYARD_URL'));
    });

    if (database === 'sqlite') {
      it('reach flows with what the platform says of itself, after a restart', async () => {
        const instance = await setAll('mine');
        const code =
          "msg.payload = ['A','B','C','D','FLOWYARD_INSTANCE_ID','FLOWYARD_INSTANCE_NAME','FLOWYARD_TEAM_ID','FLOWYARD_SNAPSHOT_ID'].map((n) => env.get(n)).join(' '); return msg;";
        const wires = (to: string) => [[to]];
        await cp.admin.call('putFlows', {
          params: { id: instance.id },
          body: {
            revision: 0,
            flows: [
              { id: 't', type: 'tab', label: 'T' },
              { id: 'i', type: 'http in', z: 't', url: '/env', method: 'get', wires: wires('f'), x: 1, y: 1 },
              { id: 'f', type: 'function', z: 't', func: code, outputs: 1, wires: wires('o'), x: 2, y: 1 },
              { id: 'o', type: 'http response', z: 't', wires: [], x: 3, y: 1 },
            ],
          },
        });
        const snapshot = await cp.admin.call('createInstanceSnapshot', {
          params: { id: instance.id },
          body: { name: 'first' },
        });
        await cp.admin.call('controlInstance', { params: { id: instance.id }, body: { action: 'start' } });
        await instanceIn(cp, instance.id, 'running');
        const wanted = (d: string) =>
          `platform team application ${d} ${instance.id} ${instance.name} ${place.teamId} ${snapshot.id}`;
        const read = async () => (await getFromInstance(instance.url, '/env')).body;
        await eventually(async () => (await read()) === wanted('mine'), { withinMs: 20_000 });

        const params = { id: instance.id };
        const changed = await cp.admin.call('setInstanceVariables', { params, body: items({ D: 'other' }) });
        assert.equal(changed.restartNeeded, true);
        assert.equal(await read(), wanted('mine'));
        await cp.admin.call('controlInstance', { params, body: { action: 'restart' } });
        await eventually(async () => (await read().catch(() => '')) === wanted('other'), {
          withinMs: 20_000,
        });
        assert.equal((await cp.admin.call('getInstanceVariables', { params })).restartNeeded, false);
      });
    }
  });
}
