import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import {
  discardModules,
  finishSwap,
  makeModules,
  readyModules,
  swapModules,
} from '../../../control-plane/src/drivers/local/module-swap.ts';

const SWAP = pathToFileURL(
  join(import.meta.dirname, '../../../control-plane/src/drivers/local/module-swap.ts'),
);

/** Swaps the modules of a folder, and kills itself after so many renames. */
const KILLED_SWAP = `
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
let left = Number(process.argv.at(-1));
const { rename } = fs;
fs.rename = async (...paths) => {
  if (left === 0) {
    process.kill(process.pid, 'SIGKILL');
  }
  left -= 1;
  return rename(...paths);
};
syncBuiltinESMExports();
const { swapModules } = await import(process.argv.at(-3));
await swapModules(process.argv.at(-2));
`;

describe('modules that are made beside those in use', function () {
  this.timeout(30_000);
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'flowyard-modules-'));
    write(folder, 'old');
    await makeModules(folder, 'key', async (making) => write(making, 'new'));
  });
  afterEach(async () => {
    await sleep(20);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  function write(where: string, what: string): void {
    mkdirSync(join(where, 'node_modules/one'), { recursive: true });
    for (const file of ['node_modules/one/index.js', 'package.json', 'package-lock.json']) {
      writeFileSync(join(where, file), what);
    }
    if (what === 'old') {
      mkdirSync(join(where, 'node_modules/two'));
    }
  }

  function readTree(): { files: string[]; modules: string[] } {
    const files = ['node_modules/one/index.js', 'package.json', 'package-lock.json'];
    return {
      files: files.map((file) => readFileSync(join(folder, file), 'utf8')),
      modules: readdirSync(join(folder, 'node_modules')),
    };
  }

  it('take their place in one go, and leave nothing', async () => {
    assert.equal(readyModules(folder), 'key');

    await swapModules(folder);

    assert.deepEqual(readTree(), { files: ['new', 'new', 'new'], modules: ['one'] });
    assert.equal(readyModules(folder), null);
  });

  it('are all there after the next start, whenever the swap was killed', async () => {
    for (let renames = 0; renames <= 4; renames += 1) {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      mkdirSync(folder);
      write(folder, 'old');
      await makeModules(folder, 'key', async (making) => write(making, 'new'));

      const args = ['--import', 'tsx', '--input-type=module', '--eval', KILLED_SWAP];
      const { signal, stderr } = spawnSync(process.execPath, [...args, SWAP.href, folder, String(renames)]);
      assert.equal(signal, 'SIGKILL', stderr.toString());

      if (renames === 0) {
        assert.deepEqual(readTree().files, ['old', 'old', 'old'], 'nothing had begun');
        assert.equal(readyModules(folder), 'key');
        continue;
      }
      await finishSwap(folder);
      assert.deepEqual(readTree(), { files: ['new', 'new', 'new'], modules: ['one'] }, `after ${renames}`);
    }
  });

  it('leave those in use alone when they are not complete, or not wanted any more', async () => {
    await assert.rejects(
      makeModules(folder, 'other', async (making) => {
        writeFileSync(join(making, 'package.json'), 'half');
        throw new Error('npm failed');
      }),
      /npm failed/,
    );
    assert.equal(readyModules(folder), null);
    await makeModules(folder, 'key', async (making) => write(making, 'new'));
    await discardModules(folder);

    await finishSwap(folder);

    assert.deepEqual(readTree().files, ['old', 'old', 'old']);
  });
});
