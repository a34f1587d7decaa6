import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/ports.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const RED = createRequire(import.meta.url).resolve('node-red/red.js');
const MOST_BYTES = 300_000;
const run = promisify(execFile);

interface Packed {
  filename: string;
  unpackedSize: number;
  files: Array<{ path: string }>;
}

interface NodeSet {
  module: string;
  name: string;
  types: string[];
  err?: unknown;
}

describe('The packages for Node-RED, as npm installs them', function () {
  this.timeout(180_000);
  let folder: string;
  let userDir: string;
  let nodeRed: ChildProcess | null = null;

  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'flowyard-packages-'));
    userDir = mkdtempSync(path.join(folder, 'user-'));
    writeFileSync(path.join(userDir, 'package.json'), '{"name": "fresh", "private": true}');
  });

  afterEach(async () => {
    await stop();
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  async function pack(name: string): Promise<Packed> {
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: path.join(ROOT, name),
    });
    return (JSON.parse(stdout) as Packed[])[0] as Packed;
  }

  async function npm(...args: string[]): Promise<void> {
    await run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: userDir });
  }

  /** Node-RED of this repository on the user directory. @returns what it has loaded */
  async function start(): Promise<NodeSet[]> {
    const port = await freePort();
    writeFileSync(
      path.join(userDir, 'settings.js'),
      "module.exports = { uiHost: '127.0.0.1', credentialSecret: 'test', telemetry: { enabled: false, updateNotification: false } };",
    );
    nodeRed = spawn(process.execPath, [RED, '-u', userDir, '-p', String(port)], { stdio: 'ignore' });
    return eventually(
      async () => {
        const response = await fetch(`http://127.0.0.1:${port}/nodes`, {
          headers: { accept: 'application/json' },
        });
        return response.ok && ((await response.json()) as NodeSet[]);
      },
      { withinMs: 60_000, everyMs: 200 },
    );
  }

  async function stop(): Promise<void> {
    if (nodeRed !== null) {
      const exit = once(nodeRed, 'exit');
      nodeRed.kill();
      await exit;
      nodeRed = null;
    }
  }

  for (const name of ['nodes', 'plugins']) {
    it(`are small and hold only what is needed: ${name}`, async () => {
      const { unpackedSize, files } = await pack(name);

      assert.ok(unpackedSize < MOST_BYTES, `${unpackedSize} bytes`);
      assert.deepEqual(
        files.map((file) => file.path).filter((file) => /tsbuildinfo|\.d\.ts|\/src\/|\.map$/.test(file)),
        [],
      );
      assert.ok(files.some((file) => file.path === 'README.md'));
    });
  }

  it('are loaded by a fresh Node-RED without an error, and leave no trace when they are removed', async () => {
    const packages = ['@flowyard/nodes', '@flowyard/plugins'];
    const tarballs = [(await pack('nodes')).filename, (await pack('plugins')).filename];
    await npm('install', ...tarballs.map((file) => path.join(folder, file)));

    const sets = (await start()).filter(({ module }) => module === '@flowyard/nodes');

    assert.ok(sets.length > 0);
    assert.deepEqual(
      sets.filter(({ err }) => err !== undefined),
      [],
    );
    assert.ok(sets.flatMap(({ types }) => types).includes('flowyard-link-out'));
    await stop();
    await npm('uninstall', ...packages);
    const left = await start();
    assert.deepEqual(
      left.filter(({ module }) => module.startsWith('@flowyard/')),
      [],
    );
    assert.ok(!existsSync(path.join(userDir, 'node_modules/@flowyard')));
    assert.deepEqual(
      readdirSync(userDir).filter((name) => name.includes('flowyard')),
      [],
    );
  });
});
