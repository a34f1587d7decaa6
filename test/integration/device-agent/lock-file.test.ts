import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { readLockFile } from '@flowyard/protocol';
import { sharedDeviceStore } from '../../support/device-store.ts';
import { TinyRegistry } from '../../support/tiny-registry.ts';
import { MINUTE, RegisteredDevice } from './support/registered-device.ts';

describe('a device with a snapshot that has a lock file', function () {
  this.timeout(3 * MINUTE);
  let at: RegisteredDevice;
  let registry: TinyRegistry;
  let store: string;
  let machine: Record<string, string>;

  beforeEach(async () => {
    at = await RegisteredDevice.create();
    registry = await new TinyRegistry().start();
    store = await mkdtemp(path.join(os.tmpdir(), 'flowyard-store-'));
    registry.add('tiny-gear', { version: '1.0.0' });
    machine = registry.add('tiny-machine', { description: { dependencies: { 'tiny-gear': '^1.0.0' } } });
    await at.startWithOne();
    await at.device.end('SIGTERM');
    execFileSync('cp', ['-al', `${sharedDeviceStore()}/.`, store]);
    at.device.startWithin(registry.environment(), '--store', store);
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') {
      at.print();
    }
    await at.dispose();
    await registry.stop();
    await rm(store, { recursive: true, force: true });
  });

  const inRelease = (file: string) =>
    readFile(path.join(at.device.folder, 'current', 'node_modules', file), 'utf8');
  const versionOfGear = async () => JSON.parse(await inRelease('tiny-gear/package.json')).version;

  /** The lock file of what runs, as a snapshot keeps it. */
  async function lockOfMachine(change = (text: string) => text): Promise<string> {
    const text = await readFile(
      path.join(
        await realpath(path.join(at.device.folder, 'current', 'node_modules')),
        '..',
        'package-lock.json',
      ),
      'utf8',
    );
    const reading = readLockFile(text, machine);
    assert.ok('lock' in reading, JSON.stringify(reading));
    return at.plane.keep(change(reading.lock));
  }

  it('installs the same versions although the registry has newer ones since', async () => {
    await at.run('snap002', 'two', machine);
    assert.equal(await versionOfGear(), '1.0.0');
    const lock = await lockOfMachine();
    registry.add('tiny-gear', { version: '1.1.0' });
    registry.forget();
    const spare = registry.module;

    await at.run('snap003', 'three', { ...machine, ...spare });
    assert.equal(await versionOfGear(), '1.1.0', 'without a lock file npm takes the newest');

    await at.run('snap004', 'four', machine, lock);
    assert.equal(await versionOfGear(), '1.0.0');
  });

  it('completes a lock file that lacks something, and keeps to what it has', async () => {
    registry.add('tiny-tool', {});
    machine = registry.add('tiny-machine', {
      version: '2.0.0',
      description: { dependencies: { 'tiny-gear': '^1.0.0', 'tiny-tool': '*' } },
    });
    await at.run('snap002', 'two', machine);
    const lock = await lockOfMachine((text) => {
      const content = JSON.parse(text);
      delete content.packages['node_modules/tiny-tool'];
      return JSON.stringify(content);
    });
    registry.add('tiny-gear', { version: '1.1.0' });
    registry.forget();

    await at.run('snap003', 'three', machine, lock);

    assert.equal(await versionOfGear(), '1.0.0');
    assert.equal(JSON.parse(await inRelease('tiny-tool/package.json')).name, 'tiny-tool');
  });
});
