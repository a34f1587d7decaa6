import assert from 'node:assert/strict';
import { offeredActions } from '../../../../plugins/src/sidebar/editor/pipeline/offered-actions.ts';

const NONE = { total: 3, waiting: 3, updating: 0, succeeded: 0, failed: 0, skipped: 0, returned: 0 };
const SOME = { ...NONE, waiting: 1, succeeded: 2 };

describe('what is offered for a push in the sidebar', () => {
  it('can be aborted before it begins, and rolled back only when something took it', () => {
    assert.deepEqual(offeredActions({ state: 'planned', returning: false, counts: NONE }), ['abort']);
    assert.deepEqual(offeredActions({ state: 'running', returning: false, counts: NONE }), [
      'pause',
      'abort',
    ]);
    assert.deepEqual(offeredActions({ state: 'running', returning: false, counts: SOME }), [
      'pause',
      'abort',
      'rollback',
    ]);
  });

  it('can be resumed when it is paused or halted', () => {
    assert.equal(offeredActions({ state: 'halted', returning: false, counts: SOME })[0], 'resume');
    assert.equal(offeredActions({ state: 'paused', returning: false, counts: SOME })[0], 'resume');
  });

  it('is rolled back once', () => {
    assert.deepEqual(offeredActions({ state: 'succeeded', returning: false, counts: SOME }), ['rollback']);
    assert.deepEqual(offeredActions({ state: 'rolled-back', returning: false, counts: SOME }), []);
    assert.deepEqual(offeredActions({ state: 'running', returning: true, counts: SOME }), ['abort']);
  });
});
