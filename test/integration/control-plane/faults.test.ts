import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { getFromInstance } from '../../support/api-client.ts';
import {
  answeringFlow,
  answers,
  buildApplication,
  buildInstance,
  deploy,
  instanceIn,
} from '../../support/builders.ts';
import { ControlPlaneProcess } from '../../support/control-plane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { nodeRedsBelow } from '../../support/processes.ts';

const MAIN = join(import.meta.dirname, '../../../control-plane/dist/main.js');

describe('A control plane that is killed', () => {
  const cp = new ControlPlaneProcess();
  let place: { teamId: string; applicationId: string };

  before(async () => {
    await cp.start();
    place = await buildApplication(cp);
  });
  after(() => cp.stop());

  it('loses nothing it acknowledged, and the flows never stop', async () => {
    const instance = await buildInstance(cp, place.applicationId, {
      start: true,
      flows: answeringFlow('before'),
    });
    await answers(instance, 'before');
    await deploy(cp, instance.id, answeringFlow('deployed'));
    await answers(instance, 'deployed');
    const pids = nodeRedsBelow(cp.dataDir);

    await cp.end('SIGKILL');
    assert.deepEqual(nodeRedsBelow(cp.dataDir), pids);
    await cp.start();

    await answers(instance, 'deployed');
    await instanceIn(cp, instance.id, 'running');
    assert.deepEqual(nodeRedsBelow(cp.dataDir), pids);
    const stored = await cp.admin.call('getFlows', { params: { id: instance.id } });
    assert.deepEqual(stored.flows, answeringFlow('deployed'));
  });

  it('carries a push on that was under way', async () => {
    const development = await buildInstance(cp, place.applicationId, { flows: answeringFlow('pushed') });
    const production = await buildInstance(cp, place.applicationId, {
      start: true,
      flows: answeringFlow('old'),
    });
    await answers(production, 'old');
    const pipeline = await cp.admin.call('createPipeline', {
      params: { id: place.applicationId },
      body: { name: 'P' },
    });
    const params = { id: pipeline.id };
    await cp.admin.call('createStage', { params, body: { name: 'Development', instanceId: development.id } });
    const { stages } = await cp.admin.call('createStage', {
      params,
      body: { name: 'Production', instanceId: production.id },
    });

    const { deployment } = await cp.admin.call('deployStage', {
      params: { id: stages[0]?.id ?? '' },
      body: {},
    });
    await cp.end('SIGKILL');
    await cp.start();

    const ended = await eventually(
      async () => {
        const now = await cp.admin.call('getDeployment', { params: { id: deployment.id } });
        return now.finishedAt !== null && now;
      },
      { withinMs: 60_000 },
    );
    assert.equal(ended.state, 'succeeded', ended.message ?? '');
    await answers(production, 'pushed');
  });

  it('does not start a second Node-RED on one data folder, however often it is killed', async () => {
    const instance = await buildInstance(cp, place.applicationId, {
      start: true,
      flows: answeringFlow('once'),
    });
    await answers(instance, 'once');
    const before = nodeRedsBelow(cp.dataDir).length;

    for (let round = 0; round < 3; round++) {
      await cp.end('SIGKILL');
      await cp.start();
    }

    await answers(instance, 'once');
    assert.equal(nodeRedsBelow(cp.dataDir).length, before);
  });

  it('starts an instance again whose process was killed', async () => {
    const instance = await buildInstance(cp, place.applicationId, {
      start: true,
      flows: answeringFlow('again'),
    });
    const others = new Set(nodeRedsBelow(cp.dataDir));
    await answers(instance, 'again');
    const [pid] = nodeRedsBelow(cp.dataDir).filter((candidate) => !others.has(candidate));
    assert.ok(pid, 'the Node-RED of the instance');

    process.kill(pid, 'SIGKILL');
    await eventually(() => !nodeRedsBelow(cp.dataDir).includes(pid));

    await answers(instance, 'again');
    const { items } = await cp.admin.call('listInstanceAudit', { params: { id: instance.id } });
    assert.ok(items.some(({ event }) => event === 'instance.crashed'));
  });

  it('is alone on its data folder', () => {
    const ended = spawnSync(process.execPath, [MAIN, '--port', '0', '--data', cp.dataDir], {
      encoding: 'utf8',
    });

    assert.equal(ended.status, 78, ended.stderr);
    assert.match(ended.stderr, /FLOWYARD_DATA: .* is in use by another control plane/);
  });

  it('ends with code 0 on SIGTERM and leaves the instances running', async () => {
    const instance = await buildInstance(cp, place.applicationId, {
      start: true,
      flows: answeringFlow('stays'),
    });
    await answers(instance, 'stays');
    const pids = nodeRedsBelow(cp.dataDir);

    assert.equal(await cp.end('SIGTERM'), 0);

    assert.deepEqual(nodeRedsBelow(cp.dataDir), pids);
    await cp.start();
    await answers(instance, 'stays');
    assert.equal((await getFromInstance(instance.url, '/answer')).body, 'stays');
  });
});

describe('A bad configuration', () => {
  const cases: Array<[string, string[], Record<string, string>]> = [
    ['FLOWYARD_PORT', [], { FLOWYARD_PORT: 'eighty' }],
    ['FLOWYARD_URL', [], { FLOWYARD_URL: 'ftp://plant' }],
    ['FLOWYARD_DATABASE_URL', [], { FLOWYARD_DATABASE_URL: 'mysql://plant' }],
    ['FLOWYARD_TLS_CERT', [], { FLOWYARD_TLS_KEY: '/no/such/file', FLOWYARD_TLS_CERT: '/no/such/file' }],
    ['FLOWYARD_BUS_URL', [], { FLOWYARD_BUS_URL: 'nats://127.0.0.1' }],
    ['FLOWYARD_DRIVER', [], { FLOWYARD_DRIVER: 'mainframe' }],
    ['--config', ['--config', '/no/such/file.yml'], {}],
    ['--colour', ['--colour', 'blue'], {}],
  ];
  for (const [setting, flags, env] of cases) {
    it(`of ${setting} ends with code 78 and one line that names it`, () => {
      const ended = spawnSync(process.execPath, [MAIN, ...flags], {
        env: { ...process.env, ...env },
        encoding: 'utf8',
      });

      assert.equal(ended.status, 78, ended.stderr);
      assert.match(ended.stderr, new RegExp(setting));
      assert.equal(ended.stderr.trim().split('\n').length, 1);
    });
  }
});
