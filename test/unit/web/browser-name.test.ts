import assert from 'node:assert/strict';
import { browserName } from '../../../control-plane/web/src/features/users/browser-name.ts';

describe('The name of a browser', () => {
  it('is what people call it, with its system', () => {
    const edge =
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/146.0 Safari/537.36 Edg/146.0';
    const phone =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1 Version/19.1 Mobile Safari/604.1';

    assert.equal(browserName(edge), 'Edge on Windows');
    assert.equal(browserName(phone), 'Safari on iOS');
    assert.equal(browserName('curl/8.5.0'), 'curl');
  });

  it('does not guess', () => {
    assert.equal(browserName(null), 'Another program');
  });
});
