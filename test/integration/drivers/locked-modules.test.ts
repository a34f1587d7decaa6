import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { readLockFile } from '@flowyard/protocol';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow, textRoute } from '../../support/node-red-flows.ts';
import { TinyRegistry } from '../../support/tiny-registry.ts';
import { DriverWorld } from './driver-world.ts';

const MACHINE = { 'tiny-machine': '1.2.3' };
const FLOWS = buildHttpFlow(textRoute('/hello', 'world'));

describe('the modules of an instance with a lock file', function () {
  this.timeout(120_000);
  let world: DriverWorld;
  let registry: TinyRegistry;
  let environment: NodeJS.ProcessEnv;

  before(async () => {
    registry = await new TinyRegistry().start();
    environment = { ...process.env };
    Object.assign(process.env, registry.environment());
    registry.add('tiny-gear', { version: '1.0.0' });
    registry.add('tiny-gear', { version: '1.1.0' });
    registry.add('tiny-machine', { description: { dependencies: { 'tiny-gear': '^1.0.0' } } });
    registry.add('tiny-node', {
      description: { 'node-red': { nodes: { tiny: 'tiny.js' } } },
      files: {
        'tiny.js': "module.exports = (RED) => RED.nodes.registerType('tiny', function () {});",
        'tiny.html': "<script>RED.nodes.registerType('tiny', {});</script>",
      },
    });
  });

  after(async () => {
    process.env = environment;
    await registry.stop();
  });

  beforeEach(async () => {
    world = new DriverWorld();
    await world.start();
  });

  afterEach(async () => {
    registry.isAway = false;
    await world.clear();
  });

  const folderOf = (id: string) => join(world.dataDir, 'instances', world.instance(id).target.folder ?? '');
  const readIn = (id: string, file: string) => JSON.parse(readFileSync(join(folderOf(id), file), 'utf8'));
  const versionOf = (id: string, name: string) => readIn(id, `node_modules/${name}/package.json`).version;
  const logOf = async (id: string) =>
    (await world.driver.readLog(id, 100)).map(({ text }) => text).join('\n');
  const leftovers = (id: string) =>
    readdirSync(folderOf(id)).filter((name) => /^\.modules-(?:making|ready|next|old)$/.test(name));

  /** What npm noted of all that it installed: the version at each place. */
  function treeOf(id: string): Record<string, string> {
    return versionsIn(readIn(id, 'node_modules/.package-lock.json'));
  }

  function versionsIn({ packages }: { packages: Record<string, { version: string }> }) {
    const entries = Object.entries(packages).filter(([place]) => place !== '');
    return Object.fromEntries(entries.map(([place, { version }]) => [place, version]));
  }

  /** A lock file in the database. Plain npm would take a newer gear than it says. */
  function keepLock(
    change: (packages: Record<string, object>) => void = () => {},
    modules: object = MACHINE,
  ) {
    const packages = {
      '': { dependencies: modules },
      'node_modules/tiny-gear': { version: '1.0.0' },
      'node_modules/tiny-machine': { version: '1.2.3', dependencies: { 'tiny-gear': '^1.0.0' } },
    };
    change(packages);
    return keepText(JSON.stringify({ lockfileVersion: 3, requires: true, packages }));
  }

  function keepText(text: string): string {
    const digest = `sha256-${createHash('sha256').update(text).digest('hex')}`;
    world.locks.set(digest, text);
    return digest;
  }

  /** A running instance that npm gave the newest gear. */
  async function startPlain(modules: Record<string, string> = MACHINE): Promise<string> {
    const id = world.add('line', FLOWS, { modules });
    await world.until(id, 'running', 60_000);
    assert.equal(versionOf(id, 'tiny-gear'), '1.1.0');
    return id;
  }

  /** Tells the driver of other modules, and waits until they run. */
  async function change(id: string, modules: Record<string, string>, lock: string | null): Promise<void> {
    const restarts = world.instance(id).target.restarts + 1;
    world.change(id, { modules, lock, restarts });
    await eventually(
      () => {
        const report = world.lastReport(id);
        return report?.startedFor === restarts && ['running', 'error'].includes(report.state);
      },
      { withinMs: 60_000 },
    );
  }

  it('are exactly the tree of the lock file, from the first start on', async () => {
    const lock = keepLock();

    const id = world.add('line', FLOWS, { modules: MACHINE, lock });
    await world.until(id, 'running', 60_000);

    assert.deepEqual(treeOf(id), versionsIn(JSON.parse(world.locks.get(lock) ?? '')));
    assert.ok(world.reports.some(({ step }) => step?.includes('installing tiny-machine@1.2.3')));
    assert.match(await logOf(id), /Installed tiny-machine@1\.2\.3 by the lock file/);
    assert.deepEqual(leftovers(id), []);
    const made = readLockFile(world.driver.readLockFile(id) ?? '', MACHINE);
    assert.ok('lock' in made, 'the next snapshot has a lock file');
  });

  it('are installed beside those in use, which go when the new ones are complete', async () => {
    const id = await startPlain({ ...MACHINE, 'tiny-node': '1.2.3' });

    await change(id, MACHINE, keepLock());

    const installing = world.reports.filter(({ step }) =>
      step?.includes('installing what tiny-machine needs'),
    );
    assert.ok(installing.length > 0 && installing.every(({ state }) => state === 'running'));
    assert.equal(world.lastReport(id)?.state, 'running');
    assert.deepEqual(treeOf(id), { 'node_modules/tiny-gear': '1.0.0', 'node_modules/tiny-machine': '1.2.3' });
    assert.deepEqual(readIn(id, 'package.json').dependencies, MACHINE);
    await eventually(() => leftovers(id).length === 0);
  });

  it('are not installed again when they are there', async () => {
    const id = world.add('line', FLOWS, { modules: MACHINE, lock: keepLock() });
    await world.until(id, 'running', 60_000);
    world.reports.length = 0;

    await change(id, MACHINE, keepLock());

    assert.equal(
      world.reports.some(({ step }) => step?.includes('installing')),
      false,
    );
  });

  it('stay those of the lock file when a person installs another one in the editor', async () => {
    const id = world.add('line', FLOWS, { modules: MACHINE, lock: keepLock() });
    await world.until(id, 'running', 60_000);

    const answer = await world.fetch(id, '/nodes', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-flowyard-identity': world.identity(id, 'member') },
      body: JSON.stringify({ module: 'tiny-node', version: '1.2.3' }),
      signal: AbortSignal.timeout(60_000),
    });

    assert.equal(answer.status, 200, await answer.text());
    assert.equal(versionOf(id, 'tiny-gear'), '1.0.0');
    assert.deepEqual(world.driver.readModules(id), { ...MACHINE, 'tiny-node': '1.2.3' });
    const reading = readLockFile(world.driver.readLockFile(id) ?? '', world.driver.readModules(id));
    assert.ok('lock' in reading, 'package file and lock file say the same');

    await change(id, MACHINE, keepLock());
    assert.equal(versionOf(id, 'tiny-node'), '1.2.3', 'it stays while nobody was told of it');
    await change(id, { ...MACHINE, 'tiny-node': '1.2.3' }, keepText(reading.lock));
    await change(id, MACHINE, keepLock());
    assert.equal(
      existsSync(join(folderOf(id), 'node_modules/tiny-node')),
      false,
      'it is not in the snapshot',
    );
  });

  it('may be of a part: what the template adds beside it comes along', async () => {
    const modules = { ...MACHINE, ...registry.module };

    const id = world.add('line', FLOWS, { modules, lock: keepLock() });
    await world.until(id, 'running', 60_000);

    assert.equal(versionOf(id, 'tiny-gear'), '1.0.0');
    assert.deepEqual(world.driver.readModules(id), modules);
    assert.equal(world.lastReport(id)?.reason, null);
  });

  it('are completed when the lock file lacks something', async () => {
    const lock = keepLock((packages) => delete packages['node_modules/tiny-gear']);

    const id = world.add('line', FLOWS, { modules: MACHINE, lock });
    await world.until(id, 'running', 60_000);

    assert.equal(versionOf(id, 'tiny-gear'), '1.1.0');
  });

  it('come by their versions alone when the lock file does not fit or is lost, and people are told', async () => {
    const other = keepLock(() => {}, { 'tiny-gear': '1.0.0' });
    const cases = [
      { lock: other, reason: /It also has tiny-gear/ },
      { lock: 'sha256-lost', reason: /missing from the database/ },
    ];
    for (const { lock, reason } of cases) {
      const id = world.add('line', FLOWS, { modules: MACHINE, lock });
      const report = await world.until(id, 'running', 60_000);

      assert.equal(versionOf(id, 'tiny-machine'), '1.2.3');
      assert.match(report.reason ?? '', reason);
      assert.match(report.reason ?? '', /Take a new snapshot/);
      assert.match(await logOf(id), reason);
      world.change(id, { desired: 'stopped' });
      await world.until(id, 'stopped');
    }
  });

  it('stay as they are when a version of the lock file is not to be had, and people are told', async () => {
    const id = await startPlain();
    const gone = keepLock((packages) => {
      packages['node_modules/tiny-gear'] = { version: '1.0.9' };
    });

    await change(id, MACHINE, gone);

    const { reason } = await world.until(id, 'error');
    assert.match(reason ?? '', /could not be installed: what tiny-machine needs/);
    assert.equal(versionOf(id, 'tiny-gear'), '1.1.0', 'the tree is whole');
    assert.equal(await world.text(id, '/hello'), 'world');
    assert.deepEqual(leftovers(id), []);

    await change(id, MACHINE, keepLock());
    assert.equal(world.lastReport(id)?.state, 'running');
    assert.equal(versionOf(id, 'tiny-gear'), '1.0.0');
  });

  it('are mended at the next start when the control plane was killed between the renames', async () => {
    const id = world.add('line', FLOWS, { modules: MACHINE, lock: keepLock() });
    await world.until(id, 'running', 60_000);
    world.change(id, { desired: 'stopped' });
    await world.until(id, 'stopped');
    await world.stop({ stopInstances: true });
    const folder = folderOf(id);
    await mkdir(join(folder, '.modules-next'));
    for (const name of ['node_modules', 'package.json', 'package-lock.json']) {
      await rename(join(folder, name), join(folder, '.modules-next', name));
    }
    registry.isAway = true;

    world.instance(id).target.desired = 'running';
    await world.start();

    await world.until(id, 'running', 60_000);
    assert.equal(versionOf(id, 'tiny-gear'), '1.0.0');
    assert.deepEqual(leftovers(id), []);
  });
});
