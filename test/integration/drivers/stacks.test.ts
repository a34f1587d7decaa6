import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createStackInstaller,
  type InstallProgress,
  readBundledNodeRedVersion,
  type StackInstaller,
} from '../../../control-plane/src/drivers/local/stacks.ts';

describe('stacks', function () {
  this.timeout(300_000);
  let dataDir: string;
  let installer: StackInstaller;

  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'flowyard-stacks-'));
    installer = createStackInstaller(dataDir);
  });

  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  const left = () => readdirSync(join(dataDir, 'stacks'));

  it('know the one that came with the control plane', () => {
    const stack = { id: 'default', nodeRed: readBundledNodeRedVersion(), nodeJs: null };

    assert.equal(installer.locate(stack)?.nodePath, process.execPath);
  });

  it('are installed, tried and found again', async () => {
    const stack = { id: 'older', nodeRed: '4.1.8', nodeJs: null };
    const told: InstallProgress[] = [];
    assert.equal(installer.locate(stack), null);

    const location = await installer.install(stack, {
      onProgress: (progress) => told.push(progress),
      signal: AbortSignal.timeout(240_000),
    });

    assert.deepEqual(createStackInstaller(dataDir).locate(stack), location);
    assert.equal(installer.locate({ ...stack, nodeRed: '4.1.9' }), null);
    assert.deepEqual(left(), ['older']);
    const shares = told.map(({ progress }) => progress);
    assert.match(told[0]?.step ?? '', /^Looking up what node-red@4\.1\.8 needs/);
    assert.ok(
      told.some(({ step }) => /\([1-9]\d* packages so far\)|unpacked/.test(step)),
      'it goes on in between',
    );
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
    assert.equal(shares.at(-1), 1);
  });

  it('that do not exist say so and leave nothing', async () => {
    const stack = { id: 'none', nodeRed: '4.999.0', nodeJs: null };

    await assert.rejects(
      installer.install(stack, { onProgress: () => {}, signal: AbortSignal.timeout(120_000) }),
      /4\.999\.0/,
    );

    assert.deepEqual(left(), []);
  });

  it('can be given up on the way, and leave nothing', async () => {
    const abort = new AbortController();

    const installing = installer.install(
      { id: 'older', nodeRed: '4.1.8', nodeJs: null },
      {
        onProgress: () => setImmediate(() => abort.abort(new Error('not wanted any more'))),
        signal: abort.signal,
      },
    );

    await assert.rejects(installing, /not wanted any more/);
    assert.deepEqual(left(), []);
  });
});
