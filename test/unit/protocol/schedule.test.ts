import assert from 'node:assert/strict';
import { Schedule } from '@flowyard/protocol';
import { nextTime } from '../../../control-plane/src/next-time.ts';

const from = Date.parse('2026-03-02T12:00:00Z');

describe('a schedule', () => {
  it('is five fields as in crontab, and its next time is found', () => {
    for (const text of [
      '0 3 * * 1-5',
      '*/15 * * * *',
      '0 0 1 jan *',
      '5,35 8-18/2 * * MON,wed',
      ' 0 3 * * 7 ',
    ]) {
      assert.ok(Schedule.safeParse(text).success, text);
      assert.ok(nextTime(text.trim(), 'Europe/Berlin', from) !== null, text);
    }
    assert.equal(nextTime('0 3 * * 1-5', 'Europe/Berlin', from)?.toISOString(), '2026-03-03T02:00:00.000Z');
  });

  it('is nothing else', () => {
    for (const text of [
      '',
      'at noon',
      '60 * * * *',
      '0 24 * * *',
      '0 3 0 * *',
      '0 3 * 13 *',
      '0 3 * * 8',
      '* * * *',
      '0 0 0 3 * *',
      '@daily',
      '1- * * * *',
      '5/2 * * * *',
      '*/0 * * * *',
      '0 0 31 2 *',
      '5-1 * * * *',
    ]) {
      assert.ok(!Schedule.safeParse(text).success, text);
    }
  });
});
