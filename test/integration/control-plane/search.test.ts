import assert from 'node:assert/strict';
import type { FlowNode, SearchResults } from '@flowyard/protocol';
import pino from 'pino';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import { IndexFiller } from '../../../control-plane/src/features/search/fill-index.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import { ApiClient } from '../../support/api-client.ts';
import { buildApplication, buildInstance, buildMember, deploy, uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { eventually } from '../../support/eventually.ts';

/** Flows with a tab, a named node, and a function that says nothing to the search. */
function kilnFlows(name = 'Kiln temperature'): FlowNode[] {
  return [
    { id: 'tab1', type: 'tab', label: 'Üfen' },
    { id: 'in1', type: 'opcua-read', z: 'tab1', name, x: 100, y: 80, wires: [] },
    { id: 'f1', type: 'function', z: 'tab1', name: '', func: 'return secretword;', x: 1, y: 1, wires: [] },
  ];
}

const NOTHING = { items: [], more: false };

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`The search of a team, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    before(async () => {
      cp = await startControlPlane({ database });
    });
    after(() => cp?.stop());

    const find = (teamId: string, q: string, client: ApiClient = cp.admin): Promise<SearchResults> =>
      client.call('searchTeam', { params: { id: teamId }, query: { q } });
    const names = (group: { items: Array<{ name: string }> }) => group.items.map(({ name }) => name);

    async function buildKiln() {
      const place = await buildApplication(cp);
      const instance = await buildInstance(cp, place.applicationId, { flows: kilnFlows() });
      return { ...place, instance };
    }

    it('finds things of every kind by words of their names, in any order', async () => {
      const { teamId, applicationId, instance } = await buildKiln();
      const params = { id: applicationId };
      await cp.admin.call('updateApplication', { params, body: { name: 'Kiln hall north' } });
      await cp.admin.call('createPipeline', { params, body: { name: 'North kiln line' } });
      const device = { name: uniqueName('kiln-north'), applicationId };
      await cp.admin.call('createDevice', { params: { id: teamId }, body: device });
      const of = { params: { id: instance.id } };
      await cp.admin.call('createInstanceSnapshot', { ...of, body: { name: 'Before the north kiln' } });
      await deploy(cp, instance.id, kilnFlows('North of the kiln'));

      const found = await find(teamId, 'north KILN');

      assert.deepEqual(names(found.applications), ['Kiln hall north']);
      assert.deepEqual(names(found.pipelines), ['North kiln line']);
      assert.deepEqual(names(found.devices), [device.name]);
      assert.deepEqual(names(found.snapshots), ['Before the north kiln']);
      assert.deepEqual(found.nodes.items, [
        {
          id: 'in1',
          name: 'North of the kiln',
          type: 'opcua-read',
          flow: 'Üfen',
          instance: { id: instance.id, name: instance.name },
          url: `${instance.url}/#node/in1`,
        },
      ]);
      assert.deepEqual(names((await find(teamId, instance.name)).instances), [instance.name]);
    });

    it('finds nodes by type, flows by their label, and never what a function does', async () => {
      const { teamId, instance } = await buildKiln();

      assert.deepEqual(names((await find(teamId, 'OPCUA')).nodes), ['Kiln temperature']);
      assert.equal((await find(teamId, 'üfen')).nodes.items[0]?.url, `${instance.url}/#flow/tab1`);
      assert.deepEqual((await find(teamId, 'secretword')).nodes, NOTHING);
    });

    it('follows every deploy, also back to a snapshot, and copies', async () => {
      const { teamId, applicationId, instance } = await buildKiln();
      const params = { id: instance.id };
      const snapshot = await cp.admin.call('createInstanceSnapshot', { params, body: { name: 'before' } });

      await deploy(cp, instance.id, kilnFlows('Dryer'));
      assert.deepEqual((await find(teamId, 'kiln temperature')).nodes, NOTHING);
      assert.deepEqual(names((await find(teamId, 'dryer')).nodes), ['Dryer']);
      await cp.admin.call('rollBackInstance', { params, body: { snapshotId: snapshot.id } });
      assert.deepEqual(names((await find(teamId, 'kiln temperature')).nodes), ['Kiln temperature']);
      assert.deepEqual((await find(teamId, 'dryer')).nodes, NOTHING);

      const name = uniqueName('copy');
      const copy = { name, start: false, copyOf: { instanceId: instance.id } };
      await cp.admin.call('createInstance', { params: { id: applicationId }, body: copy });
      const { items } = (await find(teamId, 'kiln temperature')).nodes;
      assert.deepEqual(items.map((hit) => hit.instance.name).sort(), [name, instance.name].sort());

      await cp.admin.call('deleteInstance', { params });
      const left = (await find(teamId, 'kiln temperature')).nodes.items;
      assert.deepEqual(
        left.map((hit) => hit.instance.name),
        [name],
      );
      assert.deepEqual((await find(teamId, 'before')).snapshots, NOTHING);
    });

    it('changes nothing when flows are refused because others were faster', async () => {
      const { teamId, instance } = await buildKiln();

      await cp.admin.refused('putFlows', 409, {
        params: { id: instance.id },
        body: { revision: 0, flows: kilnFlows('Too late') },
      });

      assert.deepEqual((await find(teamId, 'too late')).nodes, NOTHING);
      assert.deepEqual(names((await find(teamId, 'kiln temp')).nodes), ['Kiln temperature']);
    });

    it('shows nodes to whoever may open the editor, and what an application hides to nobody', async () => {
      const { teamId, applicationId, instance } = await buildKiln();
      const params = { id: applicationId };
      await cp.admin.call('updateApplication', { params, body: { name: 'Kiln application' } });
      await cp.admin.call('createInstanceSnapshot', {
        params: { id: instance.id },
        body: { name: 'Kiln snapshot' },
      });
      const rights = async (
        role: 'viewer' | 'dashboard' | 'member',
        override?: 'none' | 'viewer' | 'dashboard',
      ) => {
        const { client, userId } = await buildMember(cp, teamId, role);
        if (override) {
          await cp.admin.call('setApplicationRole', {
            params: { ...params, userId },
            body: { role: override },
          });
        }
        const { applications, snapshots, nodes } = await find(teamId, 'kiln', client);
        return [applications, snapshots, nodes].map(({ items }) => items.length);
      };

      assert.deepEqual(await rights('viewer'), [1, 1, 1]);
      assert.deepEqual(await rights('dashboard'), [1, 0, 0]);
      assert.deepEqual(await rights('member', 'none'), [0, 0, 0]);
      assert.deepEqual(await rights('member', 'dashboard'), [1, 0, 0]);
      assert.deepEqual(await rights('dashboard', 'viewer'), [1, 1, 1]);
      const stranger = await buildMember(cp, null);
      await stranger.client.refused('searchTeam', 404, { params: { id: teamId }, query: { q: 'kiln' } });
    });

    it('is not there for a token of one application, which does not reach the team', async () => {
      const { teamId, applicationId } = await buildKiln();
      const { token } = await cp.admin.call('createAccessToken', { body: { name: 'one', applicationId } });

      await new ApiClient(cp.url, token).refused('searchTeam', 404, {
        params: { id: teamId },
        query: { q: 'kiln' },
      });
    });

    it('takes every sign in the words as what it is', async () => {
      const { teamId, instance } = await buildKiln();
      await deploy(cp, instance.id, kilnFlows(`100 % o'clock_\\ "x" \u0000`));

      for (const q of ['%', '_', "'", '\\', '"', "o'clock_", '100 %']) {
        assert.equal((await find(teamId, q)).nodes.items.length, 1, q);
      }
      for (const q of ['%%', '__', "'; drop table flow_nodes; --", 'k%n', '\u0000x%']) {
        assert.deepEqual((await find(teamId, q)).nodes, NOTHING, q);
      }
      await cp.admin.refused('searchTeam', 422, { params: { id: teamId }, query: { q: 'x'.repeat(121) } });
    });

    it('takes flows of 5,000 nodes, gives a few hits of each kind, and says that there are more', async () => {
      const { teamId, instance } = await buildKiln();
      const flows = Array.from({ length: 5000 }, (_, n) => ({
        id: `n${n}`,
        type: 'inject',
        name: `Sensor ${n}`,
        z: 'tab1',
      }));
      const revision = await deploy(cp, instance.id, flows);
      const begun = performance.now();
      const changed = flows.map((node, n) => (n === 4711 ? { ...node, name: 'Probe' } : node));
      await cp.admin.call('putFlows', { params: { id: instance.id }, body: { revision, flows: changed } });
      const tookMs = performance.now() - begun;

      const found = await find(teamId, 'sensor');

      assert.equal(found.nodes.items.length, 8);
      assert.equal(found.nodes.more, true);
      assert.deepEqual(names((await find(teamId, 'probe')).nodes), ['Probe']);
      assert.ok(tookMs < 3000, `${tookMs} ms for a deploy`);
    });

    it('reads what was deployed before there was a search', async () => {
      const { teamId, instance } = await buildKiln();
      const knex = openDatabase(cp.database);
      await knex('flow_nodes').where({ instance_id: instance.id }).delete();
      await knex('instances').where({ id: instance.id }).update({ indexed_digest: null });
      assert.deepEqual((await find(teamId, 'kiln')).nodes, NOTHING);

      const filler = new IndexFiller({
        db: new Database(knex, new Changes(), Buffer.alloc(32)),
        logger: pino({ level: 'silent' }),
      });
      filler.start();
      await eventually(async () => (await find(teamId, 'kiln')).nodes.items.length === 1);
      await filler.stop();
      await knex.destroy();
    });
  });
}
