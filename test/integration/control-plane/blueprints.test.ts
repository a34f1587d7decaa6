import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BlueprintVariableInput, FlowNode } from '@flowyard/protocol';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { Database } from '../../../control-plane/src/db/database.ts';
import { seedBlueprints } from '../../../control-plane/src/features/blueprints/shipped.ts';
import { Changes } from '../../../control-plane/src/relay/changes.ts';
import type { ApiClient } from '../../support/api-client.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  buildMember,
  deploy,
  instanceIn,
  uniqueName,
} from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples/blueprints');
const GREETING: BlueprintVariableInput = {
  name: 'GREETING',
  type: 'text',
  label: 'Greeting',
  default: 'hello',
};
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

function svg(inner: string, start = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">') {
  return { type: 'image/svg+xml', data: Buffer.from(`${start}${inner}</svg>`).toString('base64') };
}

function fieldsOf({ details }: { details?: Record<string, unknown> }): string[] {
  return ((details?.fields ?? []) as Array<{ field: string }>).map(({ field }) => field);
}

/** Answers what the variable says. */
function greetingFlow(): FlowNode[] {
  return answeringFlow('').map((node) =>
    node.type === 'function'
      ? { ...node, func: "msg.payload = env.get('GREETING') + '!'; return msg;" }
      : node,
  );
}

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Blueprints, on ${database}`, () => {
    let cp: ControlPlaneInProcess;
    let teamId: string;
    let applicationId: string;
    let owner: ApiClient;

    before(async () => {
      cp = await startControlPlane({ database });
      ({ teamId, applicationId } = await buildApplication(cp));
      owner = (await buildMember(cp, teamId, 'owner')).client;
    });
    after(() => cp?.stop());

    /** A snapshot of an instance with these flows. */
    async function snapshotOf(flows: FlowNode[] = greetingFlow(), env?: Record<string, string>) {
      const instance = await buildInstance(cp, applicationId, { flows, ...(env && { env }) });
      return takeOf(instance.id);
    }

    function takeOf(id: string) {
      return cp.admin.call('createInstanceSnapshot', { params: { id }, body: { name: uniqueName('kept') } });
    }

    async function make(body: object = {}, client = owner) {
      const snapshotId = (await snapshotOf()).id;
      return client.call('createBlueprint', {
        body: { snapshotId, name: uniqueName('Blueprint'), variables: [GREETING], ...body },
      });
    }

    function instanceFrom(blueprintId: string, env: Record<string, string> = {}, start = false) {
      return owner.call('createInstance', {
        params: { id: applicationId },
        body: { name: uniqueName('from'), blueprintId, env, start },
      });
    }

    it('make an instance that runs, although the snapshot is gone', async () => {
      const snapshot = await snapshotOf();
      const blueprint = await owner.call('createBlueprint', {
        body: {
          snapshotId: snapshot.id,
          name: 'Greeter',
          variables: [GREETING],
          category: 'data',
          icon: 'robot',
        },
      });
      await cp.admin.call('deleteSnapshot', { params: { id: snapshot.id } });

      const usual = await instanceFrom(blueprint.id, {}, true);
      const other = await instanceFrom(blueprint.id, { GREETING: 'good day', MORE: 'yes' }, true);

      assert.deepEqual([blueprint.scope, blueprint.version, blueprint.editable], ['team', 1, true]);
      assert.deepEqual(usual.blueprint, { id: blueprint.id, name: 'Greeter', version: 1, newest: 1 });
      await answers(await instanceIn(cp, usual.id, 'running'), 'hello!');
      await answers(await instanceIn(cp, other.id, 'running'), 'good day!');
      for (const { id } of [usual, other]) {
        await cp.admin.call('controlInstance', { params: { id }, body: { action: 'stop' } });
      }
    });

    it('hold neither credentials nor values of variables', async () => {
      const flows = [
        ...greetingFlow(),
        { id: 'c1', type: 'mqtt-broker', credentials: { password: 'inline word' } },
      ];
      const instance = await buildInstance(cp, applicationId, { flows, env: { TOWN: 'a town of ours' } });
      await cp.admin.call('setInstanceVariables', {
        params: { id: instance.id },
        body: { items: [{ name: 'KEY', value: 'a sealed word', secret: true }] },
      });
      await cp.admin.call('putFlows', {
        params: { id: instance.id },
        body: { revision: 1, flows, credentials: { c1: { password: 'a stored word' } } },
      });
      const snapshot = await takeOf(instance.id);
      const { id } = await owner.call('createBlueprint', { body: { snapshotId: snapshot.id, name: 'Bare' } });

      const made = await instanceFrom(id);
      const stored = await cp.admin.call('getFlows', { params: { id: made.id } });
      const { items } = await cp.admin.call('getInstanceVariables', { params: { id: made.id } });

      assert.ok(!JSON.stringify(stored).includes('word'));
      assert.deepEqual(items, []);
    });

    it('are seen by the team that has them, and changed by its owners', async () => {
      const { id } = await make();
      const outside = await buildApplication(cp);
      const stranger = (await buildMember(cp, outside.teamId, 'owner')).client;
      const member = (await buildMember(cp, teamId, 'member')).client;
      const guest = (await buildMember(cp, teamId, 'dashboard')).client;
      const params = { id };
      const snapshotId = (await snapshotOf()).id;
      const body = { snapshotId, name: 'No' };

      for (const blind of [stranger, guest]) {
        await blind.refused('getBlueprint', 404, { params });
        await blind.refused('updateBlueprint', 404, { params, body: { name: 'Mine' } });
        await blind.refused('deleteBlueprint', 404, { params });
        const { items, total } = await blind.call('listBlueprints', { query: { limit: 200 } });
        assert.ok(items.every(({ scope }) => scope !== 'team') && items.length === total);
      }
      await stranger.refused('createBlueprint', 404, { body });
      await stranger.refused('createInstance', 422, {
        params: { id: outside.applicationId },
        body: { name: uniqueName('no'), blueprintId: id },
      });
      assert.equal((await member.call('getBlueprint', { params })).editable, false);
      await member.refused('createBlueprint', 403, { body });
      await member.refused('updateBlueprint', 403, { params, body: { name: 'Mine' } });
      await member.refused('deleteBlueprint', 403, { params });
      await owner.refused('createBlueprint', 403, { body: { ...body, scope: 'platform' } });
      await cp.visitor().refused('listBlueprints', 401);
      await owner.call('deleteBlueprint', { params });
      await owner.refused('getBlueprint', 404, { params });
    });

    it('are for everybody when an administrator makes them so, until they are withdrawn', async () => {
      const { id } = await make({ scope: 'platform' }, cp.admin);
      const outside = await buildApplication(cp);
      const stranger = (await buildMember(cp, outside.teamId, 'owner')).client;
      const create = {
        params: { id: outside.applicationId },
        body: { name: uniqueName('theirs'), blueprintId: id, start: false },
      };

      const ofTeam = await make();
      const query = { scope: 'platform', limit: 200 } as const;
      const listed = await stranger.call('listBlueprints', { query });
      const all = await cp.admin.call('listBlueprints', { query });
      assert.ok(listed.items.some((item) => item.id === id));
      assert.ok(!all.items.some((item) => item.id === ofTeam.id || item.scope === 'team'));

      await stranger.call('createInstance', create);
      await stranger.refused('updateBlueprint', 403, { params: { id }, body: { active: false } });
      await cp.admin.call('updateBlueprint', { params: { id }, body: { active: false } });

      await stranger.refused('getBlueprint', 404, { params: { id } });
      await stranger.refused('createInstance', 422, {
        ...create,
        body: { ...create.body, name: uniqueName('no') },
      });
      await cp.admin.refused('createInstance', 409, {
        ...create,
        body: { ...create.body, name: uniqueName('no') },
      });
      assert.equal((await cp.admin.call('getBlueprint', { params: { id } })).active, false);
    });

    it('refuse values that do not fit what they ask for, name the field, and make nothing', async () => {
      const variables: BlueprintVariableInput[] = [
        { name: 'COUNT', type: 'number', label: 'Tanks', min: 1, max: 10, whole: true, default: '4' },
        { name: 'ON', type: 'boolean', label: 'On', default: 'true' },
        { name: 'UNIT', type: 'choice', label: 'Unit', choices: ['bar', 'psi'], default: 'bar' },
        { name: 'HOST', type: 'text', label: 'Device', format: 'host', required: true },
        { name: 'TOPIC', type: 'text', label: 'Topic', format: 'topic' },
        { name: 'KEY', type: 'secret', label: 'Key', required: true },
      ];
      const { id } = await make({ variables });
      const good = { HOST: 'plc-1.local', KEY: 'a word' };
      const wrong: Array<[Record<string, string>, string]> = [
        [{ ...good, COUNT: '2.5' }, 'env.COUNT'],
        [{ ...good, COUNT: '11' }, 'env.COUNT'],
        [{ ...good, COUNT: '0x5' }, 'env.COUNT'],
        [{ ...good, ON: 'yes' }, 'env.ON'],
        [{ ...good, UNIT: 'kPa' }, 'env.UNIT'],
        [{ ...good, HOST: 'a b; rm' }, 'env.HOST'],
        [{ ...good, TOPIC: 'plant/#' }, 'env.TOPIC'],
        [{ KEY: 'a word' }, 'env.HOST'],
        [{ HOST: 'plc', KEY: '' }, 'env.KEY'],
      ];
      const count = async () => (await owner.call('listInstances', { params: { id: applicationId } })).total;
      const before = await count();

      for (const [env, field] of wrong) {
        const error = await owner.refused('createInstance', 422, {
          params: { id: applicationId },
          body: { name: uniqueName('no'), blueprintId: id, env },
        });
        assert.deepEqual(fieldsOf(error), [field]);
      }
      assert.equal(await count(), before);
      const made = await instanceFrom(id, good);
      const { items } = await owner.call('getInstanceVariables', { params: { id: made.id } });

      assert.deepEqual(
        items.map(({ name, value, secret }) => [name, value, secret]),
        [
          ['COUNT', '4', false],
          ['HOST', 'plc-1.local', false],
          ['KEY', null, true],
          ['ON', 'true', false],
          ['TOPIC', '', false],
          ['UNIT', 'bar', false],
        ],
      );
    });

    it('refuse declarations that contradict themselves, and hostile names', async () => {
      const snapshotId = (await snapshotOf()).id;
      const wrong: Array<[object, string]> = [
        [{ variables: [GREETING, GREETING] }, 'variables.1.name'],
        [{ variables: [{ ...GREETING, type: 'secret' }] }, 'variables.0.default'],
        [{ variables: [{ ...GREETING, type: 'choice' }] }, 'variables.0.choices'],
        [{ variables: [{ ...GREETING, type: 'number', default: 'four' }] }, 'variables.0.default'],
        [{ variables: [{ ...GREETING, name: 'FLOWYARD_TOKEN' }] }, 'variables.0.name'],
        [{ variables: [{ ...GREETING, name: '__proto__' }] }, 'variables.0.name'],
        [{ name: 'a\u0000b' }, 'name'],
        [{ icon: '<script>' }, 'icon'],
        [{ category: 'constructor' }, 'category'],
      ];
      for (const [body, field] of wrong) {
        const error = await owner.refused('createBlueprint', 422, {
          body: { snapshotId, name: 'B', ...body },
        });
        assert.equal(fieldsOf(error)[0], field);
      }

      const name = `<img src=x onerror=alert(1)> ' " ; DROP TABLE blueprints; -- 🏭`;
      const made = await make({ name });
      const found = await owner.call('listBlueprints', { query: { search: 'DROP TABLE' } });
      assert.deepEqual([made.name, found.total], [name, 1]);
    });

    it('take pictures that can only be looked at', async () => {
      const hostile = [
        svg('<script>alert(1)</script>'),
        svg('<rect onload = "alert(1)"/>'),
        svg('<a href="javascript:alert(1)"><text>x</text></a>'),
        svg('<image href="https://example.com/x.png"/>'),
        svg('<style>@import url(https://example.com)</style>'),
        svg('<foreignObject><body/></foreignObject>'),
        svg('<set attributeName="onload" to="alert(1)"/>'),
        svg('&#60;script&#62;'),
        svg('', '<!DOCTYPE svg [<!ENTITY x "y">]><svg>'),
        svg('', '<html><svg>'),
        { type: 'image/svg+xml', data: PIXEL },
        { type: 'image/webp', data: PIXEL },
        { type: 'image/png', data: svg('').data },
        { type: 'image/gif', data: PIXEL },
        { type: 'image/png', data: 'not base64!' },
        { type: 'image/png', data: Buffer.alloc(70_000).toString('base64') },
      ];
      const { id } = await make({ picture: svg('<rect width="9" height="9"/>') });
      for (const picture of hostile) {
        await owner.refused('updateBlueprint', 422, { params: { id }, body: { picture } });
      }

      const drawn = await owner.send('GET', `/blueprints/${id}/picture`);
      const { picture } = await owner.call('updateBlueprint', {
        params: { id },
        body: { picture: { type: 'image/png', data: PIXEL } },
      });
      const pixel = await owner.send('GET', (picture ?? '').replace('/api/v1', ''));
      await owner.call('updateBlueprint', { params: { id }, body: { picture: null } });

      assert.match(String(drawn.body), /^<svg/);
      assert.equal(drawn.headers.get('content-type'), 'image/svg+xml');
      assert.match(drawn.headers.get('content-security-policy') ?? '', /default-src 'none'.*sandbox/);
      assert.equal(drawn.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(pixel.headers.get('content-type'), 'image/png');
      await owner.refused('getBlueprintPicture', 404, { params: { id } });
      await cp.visitor().refused('getBlueprintPicture', 401, { params: { id } });
    });

    it('get a version with each snapshot, which instances take over when they are asked to', async () => {
      const { id } = await make();
      const made = await instanceFrom(id, { GREETING: 'good day' }, true);
      const params = { id: made.id };
      const instance = await instanceIn(cp, made.id, 'running');
      await answers(instance, 'good day!');
      const newer = greetingFlow().map((node) =>
        node.type === 'function'
          ? { ...node, func: "msg.payload = env.get('GREETING') + env.get('END'); return msg;" }
          : node,
      );
      const end = { name: 'END', type: 'text', label: 'End', required: true } as const;
      await owner.call('updateBlueprint', { params: { id }, body: { description: 'says more' } });
      const updated = await owner.call('updateBlueprint', {
        params: { id },
        body: { snapshotId: (await snapshotOf(newer)).id, variables: [GREETING, end] },
      });

      const before = await owner.call('getInstanceBlueprint', { params });
      await owner.refused('applyBlueprint', 409, { params, body: { version: 1 } });
      await owner.refused('applyBlueprint', 422, { params, body: { version: 2 } });
      const { safetySnapshot } = await owner.call('applyBlueprint', {
        params,
        body: { version: 2, env: { END: '?', GREETING: 'x' } },
      });
      await answers(instance, 'good day?');
      const after = await owner.call('getInstance', { params });
      await cp.admin.call('rollBackInstance', { params, body: { snapshotId: safetySnapshot.id } });
      await answers(instance, 'good day!');
      await cp.admin.call('controlInstance', { params, body: { action: 'stop' } });

      assert.equal(updated.version, 2);
      assert.deepEqual([before.version, before.blueprint.version, before.flowsChanged], [1, 2, false]);
      assert.deepEqual(
        before.missing.map(({ name }) => name),
        ['END'],
      );
      assert.deepEqual(after.blueprint, { id, name: updated.name, version: 2, newest: 2 });
      assert.equal(safetySnapshot.kind, 'auto');
    });

    it('are shown in the version that a roll back brings, and offer the newer one again', async () => {
      const { id } = await make();
      const params = { id: (await instanceFrom(id)).id };
      const snapshotId = (await snapshotOf(answeringFlow('newer'))).id;
      await owner.call('updateBlueprint', { params: { id }, body: { snapshotId } });
      const { safetySnapshot } = await owner.call('applyBlueprint', { params, body: { version: 2 } });
      const versionNow = async () => (await owner.call('getInstance', { params })).blueprint?.version;

      const back = await owner.call('rollBackInstance', { params, body: { snapshotId: safetySnapshot.id } });
      const older = await versionNow();
      const state = await owner.call('getInstanceBlueprint', { params });
      await owner.call('rollBackInstance', { params, body: { snapshotId: back.safetySnapshot.id } });
      const newer = await versionNow();
      await owner.call('rollBackInstance', { params, body: { snapshotId: safetySnapshot.id } });
      const again = await owner.call('applyBlueprint', { params, body: { version: 2 } });

      assert.deepEqual([older, newer, again.instance.blueprint?.version], [1, 2, 2]);
      assert.deepEqual([state.version, state.blueprint.version, state.flowsChanged], [1, 2, false]);
    });

    it('do not come back by a roll back once they are deleted', async () => {
      const { id } = await make();
      const params = { id: (await instanceFrom(id)).id };
      const kept = await takeOf(params.id);
      await owner.call('deleteBlueprint', { params: { id } });
      await owner.call('rollBackInstance', { params, body: { snapshotId: kept.id } });

      assert.equal((await owner.call('getInstance', { params })).blueprint, null);
    });

    it('replace flows that were changed only when that is said, and keep credentials', async () => {
      const { id } = await make();
      const made = await instanceFrom(id);
      const params = { id: made.id };
      await deploy(cp, made.id, answeringFlow('own work'));
      await owner.call('updateBlueprint', { params: { id }, body: { snapshotId: (await snapshotOf()).id } });
      const viewer = (await buildMember(cp, teamId, 'viewer')).client;

      const state = await viewer.call('getInstanceBlueprint', { params });
      await viewer.refused('applyBlueprint', 403, { params, body: { version: 2 } });
      const error = await owner.refused('applyBlueprint', 409, { params, body: { version: 2 } });
      const kept = await owner.call('getFlows', { params });
      await owner.call('applyBlueprint', { params, body: { version: 2, replaceChanges: true } });
      const replaced = await owner.call('getFlows', { params });

      assert.deepEqual([state.flowsChanged, error.code], [true, 'flows_changed']);
      assert.ok(JSON.stringify(kept.flows).includes('own work'));
      assert.ok(!JSON.stringify(replaced.flows).includes('own work'));
    });

    it('leave what was made from them alone when they are deleted', async () => {
      const { id } = await make();
      const made = await instanceFrom(id);
      await owner.call('deleteBlueprint', { params: { id } });

      const instance = await owner.call('getInstance', { params: { id: made.id } });
      const error = await owner.refused('getInstanceBlueprint', 409, { params: { id: made.id } });
      await owner.refused('createInstance', 422, {
        params: { id: applicationId },
        body: { name: uniqueName('no'), blueprintId: id },
      });
      await owner.refused('createInstance', 422, {
        params: { id: applicationId },
        body: { name: uniqueName('no'), blueprintId: (await make()).id, copyOf: { instanceId: made.id } },
      });

      assert.deepEqual([instance.blueprint, error.code], [null, 'no_blueprint']);
    });

    it('that are shipped are switched off, never changed, and renewed with the product', async () => {
      const { items } = await cp.admin.call('listBlueprints', { query: { category: 'energy' } });
      const shipped = items.find(({ scope }) => scope === 'shipped');
      assert.ok(shipped);
      const params = { id: shipped.id };
      await cp.admin.refused('updateBlueprint', 409, { params, body: { name: 'Other' } });
      await cp.admin.refused('deleteBlueprint', 409, { params });
      await cp.admin.call('updateBlueprint', { params, body: { active: false } });

      const folder = mkdtempSync(join(tmpdir(), 'flowyard-blueprints-'));
      const knex = openDatabase(cp.database);
      try {
        cpSync(EXAMPLES, folder, { recursive: true });
        rmSync(join(folder, 'andon-board'), { recursive: true });
        const file = join(folder, 'energy-monitor/flows.json');
        writeFileSync(file, readFileSync(file, 'utf8').replaceAll('Energy', 'Power'));
        const db = new Database(knex, new Changes(), Buffer.alloc(32));
        await seedBlueprints(db, folder);
        await seedBlueprints(db, folder);
      } finally {
        await knex.destroy();
        rmSync(folder, { recursive: true });
      }

      const all = (await cp.admin.call('listBlueprints', { query: { limit: 200 } })).items;
      const facts = (name: string) => {
        const { version, active } = all.find((one) => one.name === name && one.scope === 'shipped') ?? {};
        return [version, active];
      };
      assert.deepEqual(facts('Energy monitor'), [2, false]);
      assert.deepEqual(facts('Andon board'), [1, false]);
      assert.deepEqual(facts('OEE dashboard'), [1, true]);
    });
  });
}
