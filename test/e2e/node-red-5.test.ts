import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installNodeRed5 } from '../support/node-red-5.ts';

const ROOT = join(import.meta.dirname, '../..');
const NODES = ['nodes', 'link-nodes', 'flow-gates', 'deploy'].map(
  (name) => `test/integration/nodes/${name}.test.ts`,
);
const SIDEBAR = readdirSync(join(ROOT, 'test/integration/plugins'))
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => `test/integration/plugins/${name}`);
const END_TO_END = ['test/e2e/own-node-red.test.ts'];

/** The tests of our packages, which elsewhere run on Node-RED 4.1. */
describe('On Node-RED 5', function () {
  this.timeout(1_200_000);
  let stack: string;
  let running: ChildProcess | null = null;

  before(async () => {
    stack = await installNodeRed5();
  });
  after(() => {
    running?.kill();
  });

  async function pass(node: string, files: string[]): Promise<void> {
    let output = '';
    running = spawn(
      node,
      [
        '--import=tsx',
        join(ROOT, 'node_modules/mocha/bin/mocha.js'),
        '--extension=ts',
        '--exit',
        '--timeout=60000',
        `--require=${join(ROOT, 'test/support/hooks.ts')}`,
        ...files,
      ],
      {
        cwd: ROOT,
        env: { ...process.env, FLOWYARD_TEST_STACK: stack, TEST_TIMES: undefined },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    for (const stream of [running.stdout, running.stderr]) {
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    }
    const [code] = await once(running, 'close');
    running = null;
    const passed = Number(/(\d+) passing/.exec(output)?.[1] ?? 0);
    assert.equal(code, 0, output);
    assert.ok(passed > 0, output);
    process.stdout.write(`    ${passed} tests passed on Node-RED 5\n`);
  }

  it('the palette nodes do what they do on 4.1', async () => {
    await pass(join(stack, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin/node'), NODES);
  });

  it('the sidebar does what it does on 4.1', async () => {
    await pass(process.execPath, SIDEBAR);
  });

  it('people sign in from it, take snapshots and go back to them', async () => {
    await pass(process.execPath, END_TO_END);
  });
});
