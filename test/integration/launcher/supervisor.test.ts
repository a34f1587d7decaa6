import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { readLog } from '@flowyard/launcher';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow, buildStartupFlow, CRASH, textRoute } from '../../support/node-red-flows.ts';
import { isAlive } from '../../support/processes.ts';
import { configurationOf, SupervisedTests } from './supervised.ts';

const QUICK_POLICY = {
  firstDelayMs: 20,
  longestDelayMs: 200,
  stableAfterMs: 600_000,
  crashesUntilSafeMode: 3,
};
const CHILD_ENTRY = join(import.meta.dirname, '../../../launcher/dist/child/main.js');

function deploy(flows: object[]): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'Node-RED-Deployment-Type': 'full' },
    body: JSON.stringify(flows),
  };
}

describe('a supervised Node-RED', function () {
  this.timeout(60_000);
  const tests = new SupervisedTests();

  afterEach(() => tests.clear());

  it('is running when its flows have started and its port is open', async () => {
    const nodeRed = await tests.supervise(buildHttpFlow(textRoute('/hello', 'world')));

    nodeRed.supervisor.start();
    const status = await nodeRed.until('running');

    assert.equal(await nodeRed.text('/hello'), 'world');
    assert.equal(status.generation, 1);
    assert.match(status.nodeRed ?? '', /^4\.1\./);
  });

  it('leaves no process behind when it is stopped', async () => {
    const nodeRed = await tests.supervise(buildHttpFlow(textRoute('/hello', 'world')));
    nodeRed.supervisor.start();
    const { pid } = await nodeRed.until('running');

    await nodeRed.supervisor.stop();

    assert.equal(nodeRed.supervisor.status.state, 'stopped');
    assert.equal(isAlive(pid ?? 0), false);
    assert.ok(nodeRed.statuses.some(({ state }) => state === 'stopping'));
  });

  it('is never said to run when its process has ended', async () => {
    const nodeRed = await tests.supervise(buildHttpFlow(textRoute('/hello', 'world')));
    nodeRed.supervisor.start();
    const { pid } = await nodeRed.until('running');

    process.kill(pid ?? 0, 'SIGKILL');

    const said: Array<{ state: string; pid: number | null; port: number | null }> = [];
    do {
      await nextTurn();
      said.push(nodeRed.supervisor.status);
    } while (said.at(-1)?.state === 'running');
    assert.deepEqual(
      said.filter(({ state, pid, port }) => state === 'running' && (pid === null || port === null)),
      [],
    );
  });

  it('sends heartbeats with its memory', async () => {
    let memory = 0;
    const nodeRed = await tests.supervise(buildHttpFlow(), {
      onMetrics: ({ memoryBytes }) => {
        memory = memoryBytes;
      },
    });

    nodeRed.supervisor.start();

    await eventually(() => memory > 30_000_000);
  });

  it('says which node types are missing, and runs when a deploy leaves them out', async () => {
    const flows = buildHttpFlow(textRoute('/hello', 'world'));
    const nodeRed = await tests.supervise([...flows, { id: 'x', type: 'no-such-node', z: 'tab', wires: [] }]);

    nodeRed.supervisor.start();
    const { reason } = await nodeRed.until('error');
    assert.match(reason ?? '', /no-such-node/);
    const answer = await nodeRed.fetch('/flows', deploy(flows));

    assert.equal(answer.status, 204);
    await nodeRed.until('running');
    assert.equal(await nodeRed.text('/hello'), 'world');
  });

  it('does not call it running when the credentials cannot be decrypted', async () => {
    const nodeRed = await tests.supervise(buildHttpFlow(textRoute('/hello', 'world')));
    nodeRed.writeFlows(buildHttpFlow(textRoute('/hello', 'world')), {
      $: `${'0'.repeat(32)}${Buffer.from('not decryptable').toString('base64')}`,
    });

    nodeRed.supervisor.start();

    const { reason } = await nodeRed.until('error');
    assert.match(reason ?? '', /credentials/i);
  });

  it('starts again after a crash and says why', async () => {
    const nodeRed = await tests.supervise(
      buildHttpFlow({ path: '/crash', code: `${CRASH} return msg;` }, textRoute('/hello', 'world')),
      { policy: QUICK_POLICY },
    );
    nodeRed.supervisor.start();
    const first = await nodeRed.until('running');

    await nodeRed.fetch('/crash').catch(() => {});

    await eventually(() => nodeRed.statuses.some(({ state }) => state === 'crashed'));
    const crashed = nodeRed.statuses.find(({ state }) => state === 'crashed');
    assert.match(crashed?.reason ?? '', /boom/);
    const second = await nodeRed.until('running');
    assert.notEqual(second.pid, first.pid);
    assert.equal(await nodeRed.text('/hello'), 'world');
  });

  it('counts an exit that nobody asked for as a crash, also with code 0', async () => {
    const nodeRed = await tests.supervise(buildHttpFlow(), { policy: QUICK_POLICY });
    nodeRed.supervisor.start();
    const { pid } = await nodeRed.until('running');

    process.kill(pid ?? 0, 'SIGTERM');

    await eventually(() => nodeRed.statuses.some(({ state }) => state === 'crashed'));
    const crashed = nodeRed.statuses.find(({ state }) => state === 'crashed');
    assert.match(crashed?.reason ?? '', /exit code 0/);
    await eventually(
      () => nodeRed.supervisor.status.state === 'running' && nodeRed.supervisor.status.pid !== pid,
    );
  });

  it('goes into safe mode with the reason when it crashes again and again', async () => {
    const nodeRed = await tests.supervise(buildStartupFlow(CRASH), { policy: QUICK_POLICY });

    nodeRed.supervisor.start();
    const { reason, port } = await nodeRed.until('safe', 40_000);

    assert.match(reason ?? '', /boom.*3 times in a row/);
    assert.match(reason ?? '', /The log ends/);
    assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
  });

  it('leaves safe mode when a deploy repairs the flows', async () => {
    const nodeRed = await tests.supervise(buildStartupFlow(CRASH), {
      policy: { ...QUICK_POLICY, crashesUntilSafeMode: 1 },
    });
    nodeRed.supervisor.start();
    await nodeRed.until('safe');

    await nodeRed.fetch('/flows', deploy(buildHttpFlow(textRoute('/hello', 'repaired'))));

    const status = await nodeRed.until('running');
    assert.equal(status.reason, null);
    assert.equal(await nodeRed.text('/hello'), 'repaired');
  });

  it('is ended and started again when a flow blocks it', async () => {
    const nodeRed = await tests.supervise(buildHttpFlow({ path: '/hang', code: 'while (true) {}' }), {
      policy: QUICK_POLICY,
      silentMs: 1500,
    });
    nodeRed.supervisor.start();
    const { pid } = await nodeRed.until('running');

    nodeRed.fetch('/hang').catch(() => {});

    await eventually(() => nodeRed.statuses.some(({ state }) => state === 'crashed'), { withinMs: 20_000 });
    const crashed = nodeRed.statuses.find(({ state }) => state === 'crashed');
    assert.match(crashed?.reason ?? '', /did not answer/);
    assert.notEqual((await nodeRed.until('running')).pid, pid);
  });

  it('says so when it ran out of memory', async () => {
    const leak =
      'const all = []; const more = () => { for (;;) { all.push(new Array(1e5).fill(1)); } }; more();';
    const nodeRed = await tests.supervise(buildHttpFlow({ path: '/leak', code: leak }), {
      policy: QUICK_POLICY,
      memoryMb: 64,
    });
    nodeRed.supervisor.start();
    await nodeRed.until('running');

    nodeRed.fetch('/leak').catch(() => {});

    await eventually(() => nodeRed.statuses.some(({ state }) => state === 'crashed'), { withinMs: 30_000 });
    const crashed = nodeRed.statuses.find(({ state }) => state === 'crashed');
    assert.match(crashed?.reason ?? '', /out of memory/);
  });

  it('runs changed flows without a restart, and starts only the nodes that changed', async () => {
    const counter = {
      path: '/starts',
      initialize: "global.set('starts', (global.get('starts') || 0) + 1);",
      code: "msg.payload = String(global.get('starts')); return msg;",
    };
    const nodeRed = await tests.supervise(buildHttpFlow(counter, textRoute('/hello', 'old')));
    nodeRed.supervisor.start();
    const { pid } = await nodeRed.until('running');

    nodeRed.writeFlows(buildHttpFlow(counter, textRoute('/hello', 'new')));
    assert.equal(nodeRed.supervisor.reload(7), true);

    await eventually(() => nodeRed.supervisor.status.flowsRevision === 7);
    assert.equal(await nodeRed.text('/hello'), 'new');
    assert.equal(await nodeRed.text('/starts'), '1');
    assert.equal(nodeRed.supervisor.status.pid, pid);
  });

  it('runs without editor and admin API when told so', async () => {
    const nodeRed = await tests.supervise(buildHttpFlow(textRoute('/hello', 'world')), {
      configuration: { editor: false },
    });
    nodeRed.supervisor.start();
    await nodeRed.until('running');

    assert.equal(await nodeRed.text('/hello'), 'world');
    assert.equal((await nodeRed.fetch('/')).status, 404);
    assert.equal((await nodeRed.fetch('/flows')).status, 404);
  });

  it('keeps the palette manager usable without asking npm at each start', async () => {
    const nodeRed = await tests.supervise(buildHttpFlow());
    nodeRed.supervisor.start();
    await nodeRed.until('running');

    const settings = (await (await nodeRed.fetch('/settings')).json()) as { externalModules?: object };

    assert.deepEqual(settings.externalModules ?? {}, {});
    const log = await readLog(nodeRed.supervisor.logFile, 200);
    assert.equal(
      log.some(({ text }) => /npm/i.test(text)),
      false,
    );
  });

  it('never runs twice on one data folder', async () => {
    const nodeRed = await tests.supervise(buildHttpFlow(textRoute('/hello', 'world')));
    nodeRed.supervisor.start();
    const { pid } = await nodeRed.until('running');

    const second = spawn(process.execPath, [CHILD_ENTRY], { stdio: ['pipe', 'ignore', 'ignore'] });
    second.stdin.end(
      JSON.stringify({ ...configurationOf(nodeRed.folder, 'ws://127.0.0.1:1/agent'), safeMode: null }),
    );
    const code = await new Promise((resolve) => second.once('exit', resolve));

    assert.equal(code, 75);
    assert.equal(nodeRed.supervisor.status.pid, pid);
    assert.equal(await nodeRed.text('/hello'), 'world');
  });

  it('tells what cannot be started and tries again', async () => {
    let attempts = 0;
    const nodeRed = await tests.supervise([], {
      policy: QUICK_POLICY,
      prepare: async () => {
        attempts += 1;
        throw new Error('the stack is not installed');
      },
    });

    nodeRed.supervisor.start();

    await eventually(() => attempts >= 2);
    assert.match(nodeRed.statuses.find(({ reason }) => reason)?.reason ?? '', /the stack is not installed/);
  });

  it('does not let flows see the environment of the process that runs it', async () => {
    process.env.FLOWYARD_SECRET_OF_TEST = 'x';
    const nodeRed = await tests.supervise(
      buildHttpFlow({
        path: '/env',
        code: "msg.payload = String(env.get('FLOWYARD_SECRET_OF_TEST')); return msg;",
      }),
    );
    nodeRed.supervisor.start();
    await nodeRed.until('running');

    assert.notEqual(await nodeRed.text('/env'), 'x');
    delete process.env.FLOWYARD_SECRET_OF_TEST;
  });

  it('writes its log, in which what flows print has its place', async () => {
    const nodeRed = await tests.supervise(
      buildHttpFlow({ path: '/warn', code: "node.warn('careful'); return msg;" }),
    );
    nodeRed.supervisor.start();
    await nodeRed.until('running');

    await nodeRed.fetch('/warn');

    assert.ok(existsSync(nodeRed.supervisor.logFile));
    const line = await eventually(async () =>
      (await readLog(nodeRed.supervisor.logFile, 50)).find(({ text }) => text.includes('careful')),
    );
    assert.equal(line.level, 'warn');
  });
});
