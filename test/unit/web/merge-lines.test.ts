import assert from 'node:assert/strict';
import type { LogLine } from '@flowyard/protocol';
import { mergeLines } from '../../../control-plane/web/src/shared/merge-lines.ts';

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

  it('keeps the newest lines only', () => {
    const lines = mergeLines([line(1, 'a'), line(2, 'b')], [line(3, 'c')], 2);

    assert.deepEqual(
      lines.map(({ text }) => text),
      ['b', 'c'],
    );
  });
});
