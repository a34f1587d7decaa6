import assert from 'node:assert/strict';
import { mergeVariables } from '../../../control-plane/src/features/snapshots/merge-variables.ts';

const here = [
  { name: 'LINE', value: 'hall 4', secret: false },
  { name: 'PASSWORD', value: 'sealed', secret: true },
];
const there = [
  { name: 'LINE', value: 'test bench', secret: false },
  { name: 'NEW', value: '1', secret: false },
  { name: 'PASSWORD', value: null, secret: true },
];

describe('Variables after a snapshot was applied', () => {
  it('keep their values in a push, which brings only names', () => {
    assert.deepEqual(mergeVariables(here, there, 'names-only'), [
      { name: 'LINE', value: 'hall 4', secret: false },
      { name: 'NEW', value: '', secret: false },
      { name: 'PASSWORD', value: 'sealed', secret: true },
    ]);
  });

  it('are as they were in a roll back, but for secrets, which stay', () => {
    const now = [...here, { name: 'LATER', value: 'x', secret: false }];

    assert.deepEqual(mergeVariables(now, there, 'restore'), [
      { name: 'LINE', value: 'test bench', secret: false },
      { name: 'NEW', value: '1', secret: false },
      { name: 'PASSWORD', value: 'sealed', secret: true },
    ]);
  });
});
