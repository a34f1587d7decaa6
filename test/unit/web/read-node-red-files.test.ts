import assert from 'node:assert/strict';
import {
  isWanted,
  readNodeRedFiles,
} from '../../../control-plane/web/src/features/instances/read-node-red-files.ts';

const json = (path: string, content: unknown) => ({ path, text: JSON.stringify(content) });
const FLOWS = json('.node-red/flows.json', [{ id: 'a', type: 'tab' }]);

describe('The files of a Node-RED', () => {
  it('that matter are found among many', () => {
    for (const path of [
      'x/flows.json',
      'flows_pi.json',
      'x/flows_cred.json',
      'x/.config.runtime.json',
      'settings.js',
      'x/package-lock.json',
    ]) {
      assert.ok(isWanted(path), path);
    }
    for (const path of [
      'x/node_modules/y/package.json',
      'x/node_modules/y/package-lock.json',
      'x/lib/flows/a.txt',
      'x/.config.nodes.json',
    ]) {
      assert.equal(isWanted(path), false, path);
    }
  });

  it('give flows, credentials with the secret that Node-RED made, and modules', () => {
    const found = readNodeRedFiles([
      json('.node-red/flows_pi.json', [{ id: 'old', type: 'tab' }]),
      FLOWS,
      json('.node-red/flows_cred.json', { $: 'abc' }),
      json('.node-red/.config.runtime.json', { _credentialSecret: 'made' }),
      json('.node-red/package.json', {
        dependencies: {
          'node-red-node-random': '~0.4.1',
          mine: 'file:../mine',
          'node-red': '4.1.0',
          git: 'git+ssh://x',
        },
      }),
    ]);

    assert.deepEqual(found.flows, [{ id: 'a', type: 'tab' }]);
    assert.deepEqual(found.credentials, { $: 'abc' });
    assert.equal(found.credentialSecret, 'made');
    assert.deepEqual(found.modules, { 'node-red-node-random': '~0.4.1' });
    assert.deepEqual(found.leftOut, ['mine (file:../mine)', 'git (git+ssh://x)']);
  });

  it('give the lock file of the modules as it is, unless it is larger than anybody takes', () => {
    const lockOf = (text: string) => readNodeRedFiles([FLOWS, { path: 'x/package-lock.json', text }]).lock;

    assert.equal(lockOf('{ }'), '{ }');
    assert.equal(lockOf(' '.repeat(5_000_000)), null);
    assert.equal(readNodeRedFiles([FLOWS]).lock, null);
  });

  it('take the secret from settings.js, but not from a comment', () => {
    const withSettings = (text: string) =>
      readNodeRedFiles([FLOWS, { path: 'settings.js', text }]).credentialSecret;

    assert.equal(withSettings("module.exports = {\n  credentialSecret: 'own',\n}"), 'own');
    assert.equal(withSettings("module.exports = {\n  //credentialSecret: 'a-secret-key',\n}"), null);
  });

  it('say what is wrong with them', () => {
    assert.throws(() => readNodeRedFiles([json('package.json', {})]), /no flows\.json/);
    assert.throws(() => readNodeRedFiles([{ path: 'flows.json', text: '[{' }]), /flows\.json is not JSON/);
    assert.throws(() => readNodeRedFiles([json('flows.json', {})]), /not a list of nodes/);
  });
});
