import assert from 'node:assert/strict';
import type { ContentsComparison } from '@flowyard/protocol';
import { differsBeside } from '../../../../plugins/src/sidebar/editor/restore/differs-beside.ts';

const SAME: ContentsComparison = {
  same: true,
  flows: { counts: { added: 0, changed: 0, removed: 0, moved: 0 }, flows: [], tabsReordered: false },
  credentials: 'same',
  settings: [],
  variables: [],
  modules: [],
  lock: 'same',
  runtime: [],
};
const version = { name: 'x', change: 'changed', before: '1.0.0', after: '1.1.0' } as const;
const secret = { value: null, secret: true };

describe('what of a snapshot stays behind when its flows are deployed', () => {
  it('is nothing where nothing differs', () => {
    assert.deepEqual(differsBeside({ ...SAME, credentials: 'changed' }), []);
  });

  it('is each part that differs', () => {
    const contents: ContentsComparison = {
      ...SAME,
      settings: [{ key: 'theme', before: null, after: { value: 'dark' } }],
      variables: [{ name: 'A', change: 'removed', before: secret, after: null }],
      modules: [version],
      runtime: [version],
    };

    assert.deepEqual(differsBeside(contents), ['settings', 'variables', 'modules', 'runtime']);
  });

  it('is modules, too, where only what they need themselves differs', () => {
    assert.deepEqual(differsBeside({ ...SAME, lock: 'changed' }), ['modules']);
  });

  it('is unknown where settings or secret values are not known', () => {
    assert.equal(differsBeside({ ...SAME, settings: null }), null);
    const variables = [{ name: 'A', change: 'unknown', before: secret, after: secret } as const];
    assert.equal(differsBeside({ ...SAME, variables }), null);
    assert.deepEqual(differsBeside({ ...SAME, variables, modules: [version] }), ['modules']);
  });
});
