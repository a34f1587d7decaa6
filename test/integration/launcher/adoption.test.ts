import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SupervisedStatus } from '@flowyard/launcher';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow, textRoute } from '../../support/node-red-flows.ts';
import { isAlive, nodeRedsBelow } from '../../support/processes.ts';
import { SupervisedTests } from './supervised.ts';

const PROGRAM = join(import.meta.dirname, 'parent-program.ts');

class Parent {
  readonly process: ChildProcess;
  readonly statuses: SupervisedStatus[] = [];

  constructor(folder: string, socketPath: string, adoptMs = 10_000) {
    const args = ['--import', 'tsx', PROGRAM, folder, socketPath, String(adoptMs)];
    this.process = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let rest = '';
    this.process.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      this.statuses.push(...lines.map((line) => JSON.parse(line) as SupervisedStatus));
    });
  }

  running(): Promise<SupervisedStatus> {
    return eventually(() => this.statuses.find(({ state }) => state === 'running'), { withinMs: 30_000 });
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill(signal);
      await once(this.process, 'exit');
    }
  }
}

describe('a Node-RED whose parent was killed', function () {
  this.timeout(90_000);
  const tests = new SupervisedTests();
  const parents: Parent[] = [];

  const startParent = (...args: ConstructorParameters<typeof Parent>) => {
    const parent = new Parent(...args);
    parents.push(parent);
    return parent;
  };

  afterEach(async () => {
    for (const parent of parents.splice(0)) {
      await parent.end('SIGTERM');
    }
    await tests.clear();
  });

  it('goes on, and is taken over by the next parent without a lost request', async () => {
    const folder = tests.folder();
    writeFileSync(join(folder, 'flows.json'), JSON.stringify(buildHttpFlow(textRoute('/hello', 'world'))));
    const first = startParent(folder, join(folder, 'link.sock'));
    const before = await first.running();
    const answers: number[] = [];
    let asking = true;
    const asked = (async () => {
      while (asking) {
        answers.push((await fetch(`http://127.0.0.1:${before.port}/hello`)).status);
      }
    })();

    await first.end('SIGKILL');
    const second = startParent(folder, join(folder, 'link.sock'));
    const after = await second.running();
    asking = false;
    await asked;

    assert.equal(after.pid, before.pid);
    assert.equal(after.port, before.port);
    assert.ok(answers.length > 0);
    assert.deepEqual([...new Set(answers)], [200]);
  });

  it('is stopped by the next parent like its own', async () => {
    const folder = tests.folder();
    const first = startParent(folder, join(folder, 'link.sock'));
    const { pid } = await first.running();
    await first.end('SIGKILL');
    const second = startParent(folder, join(folder, 'link.sock'));
    await second.running();

    await second.end('SIGTERM');

    assert.equal(isAlive(pid ?? 0), false);
  });

  it('is replaced when it cannot be reached, and never two run on the folder', async () => {
    const folder = tests.folder();
    const first = startParent(folder, join(folder, 'link.sock'));
    const before = await first.running();
    await first.end('SIGKILL');

    const second = startParent(folder, join(folder, 'elsewhere.sock'), 500);
    const after = await second.running();

    assert.notEqual(after.pid, before.pid);
    assert.equal(isAlive(before.pid ?? 0), false);
    assert.deepEqual(nodeRedsBelow(folder), [after.pid]);
  });

  it('does not mistake another process with the same pid for it', async () => {
    const folder = tests.folder();
    const lock = { pid: process.pid, start: 'another-boot:12345', role: 'bound' };
    writeFileSync(join(folder, '.flowyard-lock.json'), JSON.stringify(lock));

    const parent = startParent(folder, join(folder, 'link.sock'), 500);
    const { pid } = await parent.running();

    assert.notEqual(pid, process.pid);
  });
});
