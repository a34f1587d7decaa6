import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/ports.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const { version: NODE_RED } = createRequire(import.meta.url)('node-red/package.json') as { version: string };
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
  let installed: string;
  let url = '';
  let nodeRed: ChildProcess | null = null;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'flowyard-packages-'));
    userDir = mkdtempSync(path.join(folder, 'user-'));
    writeFileSync(path.join(userDir, 'package.json'), '{"name": "fresh", "private": true}');
    // That of this repository would find the packages in the folders above it.
    installed = path.join(folder, 'node-red');
    mkdirSync(installed);
    writeFileSync(path.join(installed, 'package.json'), '{"name": "installed", "private": true}');
    await npm(installed, 'install', `node-red@${NODE_RED}`);
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

  async function npm(cwd: string, ...args: string[]): Promise<void> {
    await run('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd });
  }

  /** @returns what it has loaded */
  async function start(): Promise<NodeSet[]> {
    const port = await freePort();
    const red = path.join(installed, 'node_modules/node-red/red.js');
    writeFileSync(
      path.join(userDir, 'settings.js'),
      "module.exports = { uiHost: '127.0.0.1', credentialSecret: 'test', telemetry: { enabled: false, updateNotification: false } };",
    );
    nodeRed = spawn(process.execPath, [red, '-u', userDir, '-p', String(port)], { stdio: 'ignore' });
    url = `http://127.0.0.1:${port}`;
    return eventually(list, { withinMs: 60_000, everyMs: 200 });
  }

  const list = () => ask<NodeSet[]>('/nodes');
  const plugged = () => ask<Array<{ module: string }>>('/plugins');

  async function ask<T>(from: string): Promise<T> {
    const response = await fetch(`${url}${from}`, { headers: { accept: 'application/json' } });
    assert.ok(response.ok);
    return (await response.json()) as T;
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

  it('are installed by npm and from the palette manager, and leave no trace when they are removed', async () => {
    const [nodes, plugins] = [await pack('nodes'), await pack('plugins')];
    await npm(userDir, 'install', path.join(folder, nodes.filename));
    await start();
    const upload = new FormData();
    const bytes = readFileSync(path.join(folder, plugins.filename));
    upload.append('tarball', new Blob([bytes], { type: 'application/x-compressed-tar' }), plugins.filename);

    const uploaded = await fetch(`${url}/nodes`, { method: 'POST', body: upload });

    assert.equal(uploaded.status, 200, await uploaded.text());
    const ours = (await list()).filter(({ module }) => module.startsWith('@flowyard/'));
    assert.deepEqual(
      ours.filter(({ err }) => err !== undefined),
      [],
    );
    assert.ok(ours.flatMap(({ types }) => types).includes('flowyard-link-out'));
    assert.ok((await plugged()).some(({ module }) => module === '@flowyard/plugins'));

    for (const name of ['@flowyard/nodes', '@flowyard/plugins']) {
      const removed = await fetch(`${url}/nodes/${name}`, { method: 'DELETE' });
      assert.equal(removed.status, 204, await removed.text());
    }

    await stop();
    const left = [...(await start()), ...(await plugged())];
    assert.deepEqual(
      left.filter(({ module }) => module.startsWith('@flowyard/')),
      [],
    );
    assert.ok(!existsSync(path.join(userDir, 'node_modules/@flowyard/nodes')));
    assert.ok(!existsSync(path.join(userDir, 'node_modules/@flowyard/plugins')));
    const kept = readFileSync(path.join(userDir, 'package.json'), 'utf8');
    assert.ok(!kept.includes('flowyard'), kept);
    assert.deepEqual(
      readdirSync(userDir).filter((name) => name.includes('flowyard')),
      [],
    );
  });
});
