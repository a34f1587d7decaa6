import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../../control-plane/src/db/connection.ts';
import { newId } from '../../../control-plane/src/ids.ts';
import { buildApplication, buildMember, uniqueName } from '../../support/builders.ts';
import { type ControlPlaneInProcess, startControlPlane } from '../../support/control-plane.ts';
import { ControlPlaneProcess } from '../../support/control-plane-process.ts';
import { eventually } from '../../support/eventually.ts';

/** Puts a stack into the list as if npm had been asked; returns its id. */
async function insertStack(cp: ControlPlaneInProcess, values: object = {}): Promise<string> {
  const rows = openDatabase(cp.database);
  const id = newId();
  await rows('stacks').insert({
    id,
    name: uniqueName('Stack'),
    node_red: `4.0.${Math.floor(Math.random() * 1e6)}`,
    state: 'absent',
    is_default: false,
    is_active: true,
    is_bundled: false,
    ...values,
  });
  await rows.destroy();
  return id;
}

/** Processes that work in a folder or below it. */
function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
    } catch {
      return false;
    }
  });
}

for (const database of ['sqlite', 'postgres'] as const) {
  describe(`Stacks, on ${database}`, function () {
    this.timeout(60_000);
    let cp: ControlPlaneInProcess;
    before(async () => {
      cp = await startControlPlane({ database });
    });
    after(() => cp?.stop());

    const usual = async () => (await cp.admin.call('listStacks')).items.find((stack) => stack.default);

    it('are kept by administrators only', async () => {
      const { teamId } = await buildApplication(cp);
      const { client } = await buildMember(cp, teamId, 'owner');
      const params = { id: await insertStack(cp) };

      await client.refused('createStack', 403, { body: { name: 'No', nodeRed: '4.1.8' } });
      await client.refused('updateStack', 403, { params, body: { name: 'No' } });
      await client.refused('deleteStack', 403, { params });
      await client.refused('actOnStack', 403, { params, body: { action: 'install' } });
    });

    it('are renamed, withdrawn and deleted', async () => {
      const { applicationId } = await buildApplication(cp);
      const params = { id: await insertStack(cp, { state: 'ready' }) };
      const name = uniqueName('Renamed');

      const changed = await cp.admin.call('updateStack', { params, body: { name, active: false } });
      const error = await cp.admin.refused('createInstance', 409, {
        params: { id: applicationId },
        body: { name: uniqueName('on'), stackId: params.id, start: false },
      });
      await cp.admin.call('deleteStack', { params });

      assert.deepEqual([changed.name, changed.active], [name, false]);
      assert.equal(error.code, 'not_offered');
      await cp.admin.refused('getStack', 404, { params });
    });

    it('that came along, are the default, or are used stay', async () => {
      const { applicationId } = await buildApplication(cp);
      const bundled = await usual();
      const used = await insertStack(cp, { state: 'ready' });
      await cp.admin.call('createInstance', {
        params: { id: applicationId },
        body: { name: uniqueName('on'), stackId: used, start: false },
      });

      const codes = [];
      for (const id of [bundled?.id ?? '', used]) {
        codes.push((await cp.admin.refused('deleteStack', 409, { params: { id } })).code);
        const body = { action: 'remove' };
        codes.push((await cp.admin.refused('actOnStack', 409, { params: { id }, body })).code);
      }

      assert.deepEqual(codes, ['bundled', 'bundled', 'in_use', 'in_use']);
      const withdrawn = await cp.admin.refused('updateStack', 409, {
        params: { id: bundled?.id ?? '' },
        body: { active: false },
      });
      assert.equal(withdrawn.code, 'is_default');
    });

    it('name their successor, and no chain of them leads back', async () => {
      const [a, b, c] = [await insertStack(cp), await insertStack(cp), await insertStack(cp)];
      const replace = (id: string, replacedById: string | null) => ({
        params: { id },
        body: { replacedById },
      });
      await cp.admin.call('updateStack', replace(a, b));
      await cp.admin.call('updateStack', replace(b, c));

      for (const [id, by] of [
        [c, a],
        [a, a],
        [a, 'nothing0'],
      ] as const) {
        const error = await cp.admin.refused('updateStack', 422, replace(id, by));
        assert.match(error.message, /^replacedById/);
      }
      await cp.admin.call('deleteStack', { params: { id: b } });

      assert.equal((await cp.admin.call('getStack', { params: { id: a } })).replacedBy, null);
    });

    it('can be made the default when they are there, and the bundled one keeps its version', async () => {
      const absent = await insertStack(cp);
      const error = await cp.admin.refused('updateStack', 409, {
        params: { id: absent },
        body: { default: true },
      });
      const ready = await insertStack(cp, { state: 'ready' });
      await cp.admin.call('updateStack', { params: { id: ready }, body: { default: true } });

      const { items } = await cp.admin.call('listStacks', { query: { limit: 200 } });
      const bundled = items.find((stack) => stack.bundled);
      await cp.admin.call('updateStack', { params: { id: bundled?.id ?? '' }, body: { default: true } });

      assert.equal(error.code, 'stack_not_ready');
      assert.deepEqual(
        items.filter((stack) => stack.default).map(({ id }) => id),
        [ready],
      );
    });

    it('are refused with versions that are none, and the field is named', async () => {
      for (const [body, field] of [
        [{ nodeRed: 'latest' }, 'nodeRed'],
        [{ nodeRed: '4' }, 'nodeRed'],
        [{ nodeRed: '^4.1.0' }, 'nodeRed'],
        [{ nodeRed: 'file:../../etc' }, 'nodeRed'],
        [{ nodeRed: '4.1.8 --ignore-scripts=false' }, 'nodeRed'],
        [{ nodeRed: '4.1.8\u0000' }, 'nodeRed'],
        [{ nodeRed: 'x'.repeat(100_000) }, 'nodeRed'],
        [{ nodeJs: 'git+https://example.org/x' }, 'nodeJs'],
        [{ name: '' }, 'name'],
        [{ npmOptions: '--registry=x' }, 'npmOptions'],
      ] as const) {
        const error = await cp.admin.refused('createStack', 422, {
          body: Object.assign({ name: 'Odd', nodeRed: '4.1.8' }, body),
        });
        assert.match(JSON.stringify(error.details), new RegExp(field));
      }
    });

    it('are there once, also when two are asked for at once', async () => {
      const version = { nodeRed: '4.1.8', nodeJs: null };
      const create = () =>
        cp.admin.send('POST', '/stacks', { body: { name: uniqueName('Twice'), ...version } });

      const answers = await Promise.all([create(), create()]);

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
    });
  });
}

describe('Installing a stack', function () {
  this.timeout(300_000);

  it('is refused where npm does not have the version, and says so', async () => {
    const cp = await startControlPlane();
    try {
      for (const [versions, field] of [
        [{ nodeRed: '4.999.0' }, 'nodeRed'],
        [{ nodeRed: '4.1.8', nodeJs: '20.999.0' }, 'nodeJs'],
      ] as const) {
        const error = await cp.admin.refused('createStack', 422, { body: { name: 'None', ...versions } });
        assert.match(error.message, new RegExp(`^${field} is not a version that npm has`));
      }
      assert.equal((await cp.admin.call('listStacks')).total, 2);
    } finally {
      await cp.stop();
    }
  });

  it('that fails can be tried again or removed, and is never offered', async () => {
    const cp = await startControlPlane();
    try {
      const { applicationId } = await buildApplication(cp);
      // Of a version that is not there: only npm notices.
      const params = { id: await insertStack(cp, { node_red: '4.998.0' }) };
      const stateIs = (state: string) =>
        eventually(async () => (await cp.admin.call('getStack', { params })).state === state, {
          withinMs: 60_000,
        });
      await cp.admin.call('actOnStack', { params, body: { action: 'install' } });
      await stateIs('failed');
      const { detail } = await cp.admin.call('getStack', { params });
      assert.match(detail ?? '', /4\.998\.0/);
      const body = { name: uniqueName('on'), stackId: params.id, start: false };
      const error = await cp.admin.refused('createInstance', 409, { params: { id: applicationId }, body });
      assert.equal(error.code, 'stack_not_ready');

      await cp.admin.call('actOnStack', { params, body: { action: 'retry' } });
      const removed = await cp.admin.call('actOnStack', { params, body: { action: 'remove' } });

      assert.deepEqual([removed.state, removed.detail], ['absent', null]);
      assert.deepEqual(readdirSync(join(cp.dataDir, 'stacks')), []);
      const told = (await cp.admin.call('listNotifications')).items;
      assert.deepEqual(
        told.map(({ kind, count }) => [kind, count]),
        [['stack.failed', 1]],
        'of the failure, and not of what was removed on purpose',
      );
    } finally {
      await cp.stop();
    }
  });

  it('that is stopped with the control plane says so, and can be tried again', async () => {
    const cp = new ControlPlaneProcess();
    try {
      await cp.start();
      const { id } = await cp.admin.call('createStack', {
        body: { name: 'Older', nodeRed: '4.1.8', install: true },
      });
      assert.equal(await cp.end('SIGTERM'), 0);
      await cp.start();

      const stack = await cp.admin.call('getStack', { params: { id } });

      assert.equal(stack.state, 'failed');
      assert.match(stack.detail ?? '', /^The server was stopped during the installation/);
      assert.deepEqual((await cp.admin.call('listNotifications')).items, []);
    } finally {
      await cp.stop();
    }
  });

  it('that is killed with the control plane is not offered, leaves nothing, and can be tried again', async () => {
    const cp = new ControlPlaneProcess();
    try {
      await cp.start();
      const { id } = await cp.admin.call('createStack', {
        body: { name: 'Older', nodeRed: '4.1.8', install: true },
      });
      const folder = join(cp.dataDir, 'stacks');
      const half = () => readdirSync(folder).find((name) => name.startsWith('.installing-'));
      await eventually(
        () => half() !== undefined && existsSync(join(folder, half() ?? '', 'npm-process.json')),
      );

      await cp.end('SIGKILL');
      await cp.start();

      const stack = await cp.admin.call('getStack', { params: { id } });
      assert.equal(stack.state, 'failed');
      assert.match(stack.detail ?? '', /Try it again, or remove it/);
      await eventually(() => readdirSync(folder).length === 0);
      assert.deepEqual(processesIn(folder), []);
      await cp.admin.call('actOnStack', { params: { id }, body: { action: 'retry' } });
      await eventually(async () => (await cp.admin.call('getStack', { params: { id } })).state === 'ready', {
        withinMs: 240_000,
        everyMs: 500,
      });
      assert.ok(existsSync(join(folder, id, 'stack.json')));

      await cp.admin.call('deleteStack', { params: { id } });
      assert.deepEqual(readdirSync(folder), []);
    } finally {
      await cp.stop();
    }
  });

  it('whose place was taken before the kill is ready afterwards', async () => {
    const cp = new ControlPlaneProcess();
    try {
      await cp.start();
      const rows = openDatabase({ file: join(cp.dataDir, 'flowyard.sqlite') });
      const id = newId();
      await rows('stacks').insert({
        id,
        name: 'Almost',
        node_red: '4.0.1',
        state: 'testing',
        is_default: false,
        is_active: true,
        is_bundled: false,
      });
      await rows.destroy();
      const folder = join(cp.dataDir, 'stacks', id);
      mkdirSync(folder);
      writeFileSync(join(folder, 'stack.json'), JSON.stringify({ id, nodeRed: '4.0.1', nodeJs: null }));

      await cp.end('SIGKILL');
      await cp.start();

      assert.equal((await cp.admin.call('getStack', { params: { id } })).state, 'ready');
    } finally {
      await cp.stop();
    }
  });
});
