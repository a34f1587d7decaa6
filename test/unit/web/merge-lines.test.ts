import assert from 'node:assert/strict';
import type { LogLine } from '@flowyard/protocol';
import { mergeLines, renewLines } from '../../../control-plane/web/src/shared/merge-lines.ts';

function line(second: number, text: string): LogLine {
  return { at: `2026-11-23T12:00:${String(second).padStart(2, '0')}.000Z`, level: 'info', text };
}

describe('a log that is followed', () => {
  it('shows a line once that came both with the history and live', () => {
    const lines = mergeLines([line(1, 'a'), line(2, 'b')], [line(2, 'b'), line(3, 'c')], 10);

    assert.deepEqual(
      lines.map(({ text }) => text),
      ['a', 'b', 'c'],
    );
  });

  it('goes on when the clock of the device is set back', () => {
    const lines = mergeLines([line(50, 'before')], [line(1, 'after')], 10);

    assert.equal(lines.at(-1)?.text, 'after');
  });

  it('takes history that is read once more for what it is: older lines stay before it, newer ones after it', () => {
    const shown = [1, 2, 3, 5].map((second) => line(second, `line ${second}`));
    const history = [2, 3, 4].map((second) => line(second, `line ${second}`));

    assert.deepEqual(
      renewLines(shown, history, 10).map(({ text }) => text),
      ['line 1', 'line 2', 'line 3', 'line 4', 'line 5'],
    );
    assert.deepEqual(renewLines(shown, [], 10), shown);
    assert.deepEqual(
      renewLines(shown.slice(0, 1), history, 10).map(({ text }) => text),
      ['line 1', 'line 2', 'line 3', 'line 4'],
    );
  });

  it('keeps the newest lines only', () => {
    const lines = mergeLines([line(1, 'a'), line(2, 'b')], [line(3, 'c')], 2);

    assert.deepEqual(
      lines.map(({ text }) => text),
      ['b', 'c'],
    );
  });
});
