import assert from 'node:assert/strict';
import { count, cpu, duration, memory, relativeTime } from '../../../control-plane/web/src/shared/format.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');

describe('words for numbers and times', () => {
  it('tell a time in its largest unit', () => {
    assert.equal(relativeTime('2026-11-23T11:59:58Z', NOW), 'just now');
    assert.equal(relativeTime('2026-11-23T11:59:20Z', NOW), '40 sec. ago');
    assert.equal(relativeTime('2026-11-23T09:00:00Z', NOW), '3 hr. ago');
    assert.equal(relativeTime('2026-11-30T12:00:00Z', NOW), 'in 7 days');
  });

  it('tell how long something took, or takes so far', () => {
    assert.equal(duration('2026-11-23T11:58:40Z', '2026-11-23T12:00:00Z', NOW), '1 min 20 s');
    assert.equal(duration('2026-11-23T11:59:57Z', null, NOW), '3 s');
    assert.equal(duration('2026-11-23T10:30:00Z', null, NOW), '1 h 30 min');
    assert.equal(duration('2026-11-20T10:30:00Z', null, NOW), '3 days');
  });

  it('use the singular for one', () => {
    assert.equal(count(1, 'device'), '1 device');
    assert.equal(count(0, 'device'), '0 devices');
  });

  it('show a dash for what is not known', () => {
    assert.equal(memory(null), '–');
    assert.equal(cpu(null), '–');
    assert.equal(memory(104_857_600), '100 MB');
    assert.equal(cpu(3.42), '3.4 %');
  });
});
