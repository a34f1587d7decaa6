import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Crash } from '@flowyard/launcher';
import { eventually } from '../../support/eventually.ts';
import { buildHttpFlow, buildStartupFlow, CRASH, textRoute } from '../../support/node-red-flows.ts';
import { SupervisedTests } from './supervised.ts';

describe('A crash', function () {
  this.timeout(60_000);
  const tests = new SupervisedTests();
  afterEach(() => tests.clear());

  it('names the function node that it came from', async () => {
    const crashes: Crash[] = [];
    const nodeRed = await tests.supervise(buildStartupFlow(CRASH), {
      onCrash: (crash) => crashes.push(crash),
    });

    nodeRed.supervisor.start();

    const [first] = await eventually(() => crashes.length > 0 && crashes);
    assert.deepEqual(first?.facts.blamed, { nodeId: 'run' });
    assert.equal(first.crashes, 1);
    assert.equal(first.safeMode, false);
    assert.match(first.reason, /boom/);
  });

  it('names the types of the module that it came from', async () => {
    const folder = tests.folder();
    const module = join(folder, 'node_modules', 'node-red-contrib-brittle');
    mkdirSync(module, { recursive: true });
    writeFileSync(
      join(module, 'package.json'),
      JSON.stringify({
        name: 'node-red-contrib-brittle',
        version: '1.0.0',
        'node-red': { nodes: { brittle: 'brittle.js' } },
      }),
    );
    writeFileSync(
      join(module, 'brittle.js'),
      `module.exports = (RED) => RED.nodes.registerType('brittle', function (config) {
         RED.nodes.createNode(this, config);
         setTimeout(() => { throw new Error('spring broken'); }, 50);
       });`,
    );
    writeFileSync(join(module, 'brittle.html'), '');
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'x', dependencies: { 'node-red-contrib-brittle': '1.0.0' } }),
    );
    const crashes: Crash[] = [];
    const nodeRed = await tests.supervise(
      [
        { id: 'tab', type: 'tab', label: 'Test' },
        { id: 'brittle1', type: 'brittle', z: 'tab', wires: [], x: 10, y: 10 },
      ],
      { dataFolder: folder, onCrash: (crash) => crashes.push(crash) },
    );

    nodeRed.supervisor.start();

    const [first] = await eventually(() => crashes.length > 0 && crashes);
    assert.deepEqual(first?.facts.blamed, { types: ['brittle'] });
  });

  it('by a loop without end names the function node that loops', async () => {
    const crashes: Crash[] = [];
    const nodeRed = await tests.supervise(buildHttpFlow({ path: '/hang', code: 'while (true) {}' }), {
      silentMs: 1500,
      onCrash: (crash) => crashes.push(crash),
    });
    nodeRed.supervisor.start();
    await nodeRed.until('running');

    nodeRed.fetch('/hang').catch(() => {});

    const [first] = await eventually(() => crashes.length > 0 && crashes, { withinMs: 30_000 });
    assert.equal(first?.facts.hung, true);
    assert.deepEqual(first.facts.blamed, { nodeId: 'fn0' });
  });

  it('leaves the other flows running in limp mode, until somebody deploys', async () => {
    const flows = [...buildHttpFlow(textRoute('/works', 'works')), ...buildStartupFlow(CRASH)];
    const crashes: Crash[] = [];
    const nodeRed = await tests.supervise(flows, {
      onCrash: (crash) => crashes.push(crash),
      configuration: {
        leaveOut: { flows: ['tab2'], revision: null, reason: 'Limp mode: Startup is left out.' },
      },
    });

    nodeRed.supervisor.start();

    const status = await nodeRed.until('error');
    assert.equal(status.reason, 'Limp mode: Startup is left out.');
    assert.equal(await nodeRed.text('/works'), 'works');

    const shown = (await (await nodeRed.fetch('/flows')).json()) as Array<Record<string, unknown>>;
    assert.equal(shown.find(({ id }) => id === 'tab2')?.disabled, true);
    const mended = shown.map((node) =>
      node.id === 'tab2'
        ? { ...node, disabled: false }
        : node.id === 'run'
          ? { ...node, func: 'return msg;' }
          : node,
    );
    await nodeRed.fetch('/flows', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'node-red-deployment-type': 'full' },
      body: JSON.stringify(mended),
    });
    await nodeRed.until('running');
    assert.deepEqual(crashes, []);
  });
});
