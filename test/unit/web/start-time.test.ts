import assert from 'node:assert/strict';
import {
  localTime,
  readLocalTime,
  startRule,
} from '../../../control-plane/web/src/features/pipelines/start-time.ts';

describe('the time at which a push begins', () => {
  it('is read as it was written, to the minute', () => {
    const at = new Date(2026, 2, 1, 2, 5);

    assert.equal(localTime(at), '2026-03-01T02:05');
    assert.deepEqual(readLocalTime(localTime(at)), at);
  });

  it('is none when nothing or something else was typed', () => {
    for (const text of ['', 'soon', '2026-03-01', '2026-13-41T99:99', null]) {
      assert.equal(readLocalTime(text), null, String(text));
    }
  });

  it('must be still to come', () => {
    const now = new Date(2026, 2, 1, 2, 0).getTime();

    assert.equal(startRule('2026-03-01T02:01', now), true);
    assert.equal(startRule('2026-03-01T02:00', now), 'Choose a time that is still to come.');
    assert.equal(startRule('', now), 'Choose a day and a time.');
  });
});
