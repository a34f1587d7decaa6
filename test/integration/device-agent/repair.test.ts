import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readlink, rename, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { sharedDeviceStore } from '../../support/device-store.ts';
import { eventually } from '../../support/eventually.ts';
import { TinyRegistry } from '../../support/tiny-registry.ts';
import { MINUTE, RegisteredDevice } from './support/registered-device.ts';

describe('a device whose files are damaged', function () {
  this.timeout(3 * MINUTE);
  let at: RegisteredDevice;
  let registry: TinyRegistry;
  /** A store that the test may damage. */
  let ownStore: string;

  beforeEach(async () => {
    at = await RegisteredDevice.create();
    registry = await new TinyRegistry().start();
    ownStore = await mkdtemp(path.join(os.tmpdir(), 'flowyard-store-'));
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      at.print();
    }
    await at.dispose();
    await registry.stop();
    await rm(ownStore, { recursive: true, force: true });
  });

  const inStore = (...names: string[]) => path.join(ownStore, ...names);
  const currentRelease = async () =>
    path.join(at.device.folder, await readlink(path.join(at.device.folder, 'current')));
  const startOnOwnStore = () => at.device.startWithin(registry.environment(), '--store', ownStore);
  const answers = (text: string) =>
    eventually(async () => (await at.device.get('/hello')) === text, { withinMs: MINUTE });

  /** Node-RED as the tests before installed it, which is quicker than to install it again. */
  async function furnishOwnStore(): Promise<void> {
    await at.startWithOne();
    await at.device.end('SIGTERM');
    // By hard links: thousands of files are not worth a copy. A file that is to be damaged is replaced.
    execFileSync('cp', ['-al', `${sharedDeviceStore()}/.`, ownStore]);
  }

  it('installs Node-RED again when it is started on an empty store', async () => {
    await at.startWithOne();
    await at.device.end('SIGTERM');
    const { hellos } = at.plane;

    at.device.start('--store', ownStore);
    await eventually(() => at.plane.hellos > hellos && at.runs('snap001'), { withinMs: 2 * MINUTE });

    assert.equal(await at.device.get('/hello'), 'one');
    assert.ok(at.plane.states.some(({ step }) => step?.startsWith('installing Node-RED')));
  });

  it('finds its modules after the store was moved, without a network', async () => {
    await furnishOwnStore();
    startOnOwnStore();
    await at.run('snap002', 'two', registry.module);
    await at.device.end('SIGTERM');
    registry.isAway = true;
    await at.plane.stop();
    const moved = `${ownStore}-moved`;
    await rename(ownStore, moved);
    ownStore = moved;

    startOnOwnStore();
    await answers('two');

    const link = await readlink(path.join(await currentRelease(), 'node_modules'));
    assert.ok(link.startsWith(moved), link);
    await at.plane.start();
  });

  it('fetches flows again that were cut off', async () => {
    await at.startWithOne();
    await at.device.end('SIGTERM');
    await truncate(path.join(await currentRelease(), 'flows.json'), 10);

    at.device.start();
    await answers('one');

    await rm(await currentRelease(), { recursive: true });
    const pid = (await at.device.nodeRedPid()) ?? 0;
    process.kill(pid, 'SIGKILL');
    await eventually(async () => ![null, pid].includes(await at.device.nodeRedPid()), { withinMs: MINUTE });
    await answers('one');
  });

  it('runs the release before while modules cannot be had, and repairs when they can', async () => {
    await furnishOwnStore();
    startOnOwnStore();
    await at.run('snap002', 'two', registry.module);
    await at.device.end('SIGTERM');
    const [tree] = (await readlink(path.join(await currentRelease(), 'node_modules'))).split('/').slice(-2);
    await rm(inStore(tree ?? ''), { recursive: true });
    registry.isAway = true;
    registry.forget();

    startOnOwnStore();
    await eventually(
      () => at.runs('snap001') && at.plane.last?.reason?.includes('registry cannot be reached'),
      {
        withinMs: MINUTE,
      },
    );
    assert.match(
      at.plane.last?.reason ?? '',
      /"Snapshot snap002" lacks its modules.*"Snapshot snap001" runs/,
    );
    assert.equal(await at.device.get('/hello'), 'one');

    registry.isAway = false;
    await eventually(() => at.runs('snap002'), { withinMs: MINUTE });
    assert.equal(await at.device.get('/hello'), 'two');
    assert.equal(at.plane.last?.reason, null);
  });

  it('installs Node-RED again when one of its own files makes it fail', async () => {
    await furnishOwnStore();
    const file = inStore('node-red-4.1.15', 'node_modules', 'express', 'index.js');
    await rm(file);
    await writeFile(file, 'cut off (');

    at.device.start('--store', ownStore);
    await eventually(() => at.plane.last?.state === 'updating', { withinMs: MINUTE });
    await eventually(() => at.runs('snap001'), { withinMs: 2 * MINUTE });

    assert.match(at.device.output, /Damaged on disk: node_modules.express.index\.js/);
    assert.equal(await at.device.get('/hello'), 'one');
    assert.equal(at.plane.last?.failedSnapshotId, null);
  });
});
