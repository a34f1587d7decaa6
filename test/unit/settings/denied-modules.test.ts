import assert from 'node:assert/strict';
import { deniedModules } from '../../../control-plane/src/features/settings/denied-modules.ts';

const MODULES = { 'node-red-dashboard': '3.6.5', '@scope/nodes': '1.2.0' };

function denied(allow: string[], deny: string[]): string[] {
  return deniedModules(MODULES, allow, deny).map(({ module, key }) => `${module} by ${key}`);
}

describe('Lists of allowed and denied modules', () => {
  it('let everything pass by default', () => {
    assert.deepEqual(denied(['*'], []), []);
  });

  it('deny what is not allowed', () => {
    assert.deepEqual(denied(['@scope/*'], []), ['node-red-dashboard 3.6.5 by palette.allow']);
    assert.equal(denied([], []).length, 2);
  });

  it('deny what is denied, unless it is allowed more exactly', () => {
    assert.deepEqual(denied(['*'], ['node-red-*']), ['node-red-dashboard 3.6.5 by palette.deny']);
    assert.deepEqual(denied(['node-red-dashboard'], ['*']), ['@scope/nodes 1.2.0 by palette.deny']);
    assert.deepEqual(denied(['*', 'node-red-dashboard'], ['node-red-dashboard']).length, 1);
  });

  it('look at the version where the list names one', () => {
    assert.deepEqual(denied(['*'], ['node-red-dashboard@<3.0.0']), []);
    assert.equal(denied(['*'], ['node-red-dashboard@^3.0.0']).length, 1);
  });

  it('take a point for a point', () => {
    assert.deepEqual(denied(['*'], ['node.red-dashboard']), []);
  });
});
