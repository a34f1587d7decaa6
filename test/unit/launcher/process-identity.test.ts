import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isRunning, readProcessStart, signalGroup } from '../../../launcher/src/process-identity.ts';
import { inheritedEnvironment } from '../../../launcher/src/spawn-runtime.ts';

describe('the identity of a process', () => {
  it('is its pid with its start', () => {
    const start = readProcessStart(process.pid) ?? '';

    assert.ok(isRunning({ pid: process.pid, start }));
    assert.equal(isRunning({ pid: process.pid, start: 'another' }), false);
  });

  it('is gone when the process ended', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    const identity = { pid: child.pid ?? 0, start: readProcessStart(child.pid ?? 0) ?? '' };

    await once(child, 'exit');

    assert.equal(isRunning(identity), false);
    assert.equal(readProcessStart(0), null);
  });

  it('is asked before a signal is sent', () => {
    assert.equal(signalGroup({ pid: process.pid, start: 'another' }, 'SIGKILL'), false);
  });
});

describe('the environment of a Node-RED', () => {
  it('has what programs need of the machine and none of our secrets', () => {
    const environment = {
      PATH: '/bin',
      LC_ALL: 'C',
      HTTPS_PROXY: 'http://proxy',
      npm_config_registry: 'http://registry',
      npm_config_local_prefix: '/here',
      FLOWYARD_SECRET_KEY: 'secret',
      NODE_OPTIONS: '--inspect',
      AWS_SECRET_ACCESS_KEY: 'secret',
    };

    assert.deepEqual(Object.keys(inheritedEnvironment(environment)), [
      'PATH',
      'LC_ALL',
      'HTTPS_PROXY',
      'npm_config_registry',
    ]);
  });
});
