import assert from 'node:assert/strict';
import { lookAhead } from '../../../../plugins/src/sidebar/editor/restore/look-ahead.ts';

const TYPES = {
  isKnown: (type: string) => type !== 'odd',
  hasCredentials: (type: string) => type === 'broker',
};

describe('what is said before a snapshot is restored into the workspace', () => {
  it('names each type that is missing once', () => {
    const flows = [
      { id: '1', type: 'odd' },
      { id: '2', type: 'odd' },
      { id: '3', type: 'inject' },
      { id: '4', type: 'subflow:9' },
      { id: '9', type: 'subflow' },
      { id: '5', type: 'tab' },
    ];

    assert.deepEqual(lookAhead(flows, [], TYPES).missingTypes, ['odd']);
  });

  it('names a subflow that is used and not there', () => {
    assert.deepEqual(lookAhead([{ id: '4', type: 'subflow:9' }], [], TYPES).missingTypes, ['subflow:9']);
  });

  it('names nodes that may have credentials and are not deployed now', () => {
    const flows = [
      { id: '1', type: 'broker', name: 'Plant' },
      { id: '2', type: 'broker', name: '' },
      { id: '3', type: 'inject' },
    ];

    assert.deepEqual(lookAhead(flows, [{ id: '1', type: 'broker' }], TYPES).withoutCredentials, ['broker']);
  });

  it('names nodes that are deployed, may have credentials and go', () => {
    const deployed = [
      { id: '1', type: 'broker', name: 'Plant' },
      { id: '2', type: 'broker', name: 'Office' },
      { id: '3', type: 'inject' },
    ];

    assert.deepEqual(lookAhead([{ id: '1', type: 'broker' }], deployed, TYPES).losingCredentials, ['Office']);
  });
});
