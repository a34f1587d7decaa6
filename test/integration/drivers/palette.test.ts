import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLockFile } from '@flowyard/protocol';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow, textRoute } from '../../support/node-red-flows.ts';
import { nodeRedsBelow } from '../../support/processes.ts';
import { DriverWorld } from './driver-world.ts';

/** Small, old and without dependencies: it will not change under the test. */
const MODULE = 'node-red-node-random';
const VERSION = '0.4.0';
const USING_IT = [
  ...buildHttpFlow(textRoute('/hello', 'world')),
  { id: 'random', type: 'random', z: 'tab', low: 1, high: 10, inte: 'true', x: 10, y: 10, wires: [[]] },
];

describe('the palette modules of an instance', function () {
  this.timeout(180_000);
  let world: DriverWorld;

  beforeEach(async () => {
    world = new DriverWorld();
    await world.start();
  });

  afterEach(() => world.clear());

  const folderOf = (id: string) => join(world.dataDir, 'instances', world.instance(id).target.folder ?? '');

  it('are installed before it starts, and the step says so', async () => {
    const id = world.add('line', USING_IT, { modules: { [MODULE]: VERSION } });

    await world.until(id, 'running', 120_000);

    assert.ok(world.reports.some(({ step }) => step?.includes(`installing ${MODULE}@${VERSION}`)));
    const installed = join(folderOf(id), 'node_modules', MODULE, 'package.json');
    assert.equal(JSON.parse(readFileSync(installed, 'utf8')).version, VERSION);
    const lock = readLockFile(world.driver.readLockFile(id) ?? '', { [MODULE]: VERSION });
    assert.ok('lock' in lock, 'npm wrote a lock file of exactly these modules');
  });

  it('are installed when flows come that need them, with a restart', async () => {
    const id = world.add('line', buildHttpFlow(textRoute('/hello', 'world')));
    await world.until(id, 'running');
    const before = nodeRedsBelow(world.dataDir);

    const flowsRevision = world.putFlows(id, USING_IT);
    world.change(id, { modules: { [MODULE]: VERSION } });

    await eventually(() => world.lastReport(id)?.flowsRevision === flowsRevision, { withinMs: 120_000 });
    assert.equal(world.lastReport(id)?.state, 'running');
    const installing = world.reports.filter(({ step }) => step?.includes('installing'));
    assert.ok(installing.length > 0 && installing.every(({ state }) => state === 'running'));
    assert.notDeepEqual(nodeRedsBelow(world.dataDir), before);
  });

  it('are older than npm would choose where the lock file says so, installed while the flows run', async () => {
    const modules = { once: '1.4.0' };
    const id = world.add('line', buildHttpFlow(textRoute('/hello', 'world')), { modules });
    await world.until(id, 'running', 120_000);
    const versionOfWrappy = () =>
      JSON.parse(readFileSync(join(folderOf(id), 'node_modules/wrappy/package.json'), 'utf8')).version;
    assert.equal(versionOfWrappy(), '1.0.2');
    const packages = {
      '': { dependencies: modules },
      'node_modules/once': { version: '1.4.0', dependencies: { wrappy: '1' } },
      'node_modules/wrappy': { version: '1.0.1' },
    };
    world.locks.set('sha256-older', JSON.stringify({ lockfileVersion: 3, packages }));

    world.change(id, { lock: 'sha256-older', restarts: 1 });

    await eventually(
      () => world.lastReport(id)?.startedFor === 1 && world.lastReport(id)?.state === 'running',
      { withinMs: 120_000 },
    );
    const installing = world.reports.filter(({ step }) => step?.includes('installing what once needs'));
    assert.ok(installing.length > 0 && installing.every(({ state }) => state === 'running'));
    assert.equal(versionOfWrappy(), '1.0.1');
  });

  it('that do not exist are told, and the editor is there to put it right', async () => {
    const modules = { '@flowyard/there-is-no-such-module': '1.0.0' };
    const id = world.add('line', [{ id: 'x', type: 'no-such-node', z: 'tab', wires: [] }], { modules });

    const { reason } = await world.until(id, 'error', 120_000);

    assert.match(reason ?? '', /could not be installed: @flowyard\/there-is-no-such-module@1\.0\.0/);
    assert.match(reason ?? '', /no-such-node/);
    assert.equal((await world.fetch(id, '/')).status, 200);
    const packageFile = readFileSync(join(folderOf(id), 'package.json'), 'utf8');
    assert.equal(packageFile.includes('no-such-module'), false);
  });

  it('can be installed by a person in the editor', async () => {
    const id = world.add('line', buildHttpFlow(textRoute('/hello', 'world')));
    await world.until(id, 'running');

    const answer = await world.fetch(id, '/nodes', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-flowyard-identity': world.identity(id, 'member') },
      body: JSON.stringify({ module: MODULE, version: VERSION }),
      signal: AbortSignal.timeout(120_000),
    });

    assert.equal(answer.status, 200);
    assert.ok(existsSync(join(folderOf(id), 'node_modules', MODULE)));
    assert.equal((await world.deploy(id, USING_IT)).status, 200);
    const event = await eventually(() => world.events.find((entry) => entry.event === 'nodes.install'));
    assert.equal(event.details.module, MODULE);
  });
});
