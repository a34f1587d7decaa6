import assert from 'node:assert/strict';
import { continueTarget } from '../../../control-plane/web/src/features/session/continue-target.ts';

const ORIGIN = 'http://localhost:3000';
const HOME = { url: '/', leavesPage: false };

describe('where the sign-in leads to', () => {
  it('goes back to the page one wanted', () => {
    assert.deepEqual(continueTarget('/instances/abc/log?x=1', ORIGIN), {
      url: '/instances/abc/log?x=1',
      leavesPage: false,
    });
  });

  it('loads the address anew when an editor asked for the sign-in', () => {
    const url = '/api/v1/oauth/authorize?client_id=abc';

    assert.deepEqual(continueTarget(url, ORIGIN), { url, leavesPage: true });
    assert.deepEqual(continueTarget(ORIGIN + url, ORIGIN), { url, leavesPage: true });
  });

  for (const foreign of [
    'https://elsewhere.example/',
    '//elsewhere.example',
    'javascript:alert(1)',
    ['/a'],
    undefined,
  ]) {
    it(`goes home instead of to ${JSON.stringify(foreign)}`, () => {
      assert.deepEqual(continueTarget(foreign, ORIGIN), HOME);
    });
  }
});
