import assert from 'node:assert/strict';
import { patchList } from '../../../control-plane/web/src/shared/live/patch-list.ts';

const A = { id: 'a', name: 'one' };
const B = { id: 'b', name: 'two' };
const BY_NAME = { mayAdd: true, newestFirst: false, hasMore: false };
const NEWEST_FIRST = { mayAdd: true, newestFirst: true, hasMore: false };

describe('a list on the page', () => {
  it('replaces an entity in its place when it changes', () => {
    const changed = { id: 'a', name: 'renamed' };

    assert.deepEqual(patchList([A, B], 'a', changed, BY_NAME), { items: [changed, B], grown: 0 });
  });

  it('takes out what is gone and ignores what it did not have', () => {
    assert.deepEqual(patchList([A, B], 'a', null, BY_NAME), { items: [B], grown: -1 });
    assert.deepEqual(patchList([B], 'a', null, BY_NAME), { items: [B], grown: 0 });
  });

  it('adds what is new where its name belongs, or at the beginning in histories', () => {
    const between = { id: 'c', name: 'so' };

    assert.deepEqual(patchList([A, B], 'c', between, BY_NAME), { items: [A, between, B], grown: 1 });
    assert.deepEqual(patchList([A], 'b', B, BY_NAME), { items: [A, B], grown: 1 });
    assert.deepEqual(patchList([A], 'b', B, NEWEST_FIRST), { items: [B, A], grown: 1 });
  });

  it('leaves alone what changes in the part that is not loaded', () => {
    const far = { id: 'z', name: 'zz' };
    const old = { id: '0', name: 'old' };

    assert.deepEqual(patchList([A, B], 'z', far, { ...BY_NAME, hasMore: true }), { items: [A, B], grown: 0 });
    assert.deepEqual(patchList([B, A], '0', old, { ...NEWEST_FIRST, hasMore: true }), {
      items: [B, A],
      grown: 0,
    });
  });

  it('adds nothing while it is filtered', () => {
    const patch = patchList([A], 'b', B, { ...BY_NAME, mayAdd: false });

    assert.deepEqual(patch, { items: [A], grown: 0 });
  });
});
