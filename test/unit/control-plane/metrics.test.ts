import assert from 'node:assert/strict';
import { exceeded } from '../../../control-plane/src/features/metrics/limit-alerts.ts';
import { type Minute, MinuteSum, mergeMinutes } from '../../../control-plane/src/features/metrics/minute.ts';

const AT = '2026-01-01T00:00:00.000Z';
const MIB = 1024 * 1024;
const CALM: Minute = {
  at: AT,
  cpuPercent: 10,
  memoryBytes: 100 * MIB,
  eventLoopDelayMs: 20,
  messages: 5,
  requests: 1,
};
const NONE = { 'alerts.memoryPercent': null, 'alerts.cpuPercent': null, 'alerts.eventLoopMs': null };

describe('A minute of metrics', () => {
  it('has the average of the CPU, the most of memory and delay, and the sum of what was done', () => {
    const sum = new MinuteSum(AT);
    sum.add({ instanceId: 'a', ...CALM });
    sum.add({
      instanceId: 'a',
      cpuPercent: 30,
      memoryBytes: 50 * MIB,
      eventLoopDelayMs: 90,
      messages: 2,
      requests: 0,
    });

    assert.deepEqual(sum.minute, { ...CALM, cpuPercent: 20, eventLoopDelayMs: 90, messages: 7, requests: 1 });
  });

  it('merges with others into one point of a chart', () => {
    const busy = { ...CALM, at: '2026-01-01T00:01:00.000Z', cpuPercent: 50, memoryBytes: 200 * MIB };

    assert.deepEqual(mergeMinutes([CALM, busy]), {
      at: AT,
      cpuPercent: 30,
      memoryBytes: 200 * MIB,
      eventLoopDelayMs: 20,
      messages: 10,
      requests: 2,
    });
    assert.equal(mergeMinutes([]), null);
  });
});

describe('A threshold', () => {
  it('is exceeded only above it, and only where one is set', () => {
    assert.deepEqual(exceeded({ ...CALM, cpuPercent: 400 }, NONE, 128), []);
    assert.deepEqual(exceeded(CALM, { ...NONE, 'alerts.cpuPercent': 10 }, 128), []);
    assert.deepEqual(exceeded(CALM, { ...NONE, 'alerts.memoryPercent': 77 }, 128), [
      'uses 78 % of its 128 MB',
    ]);
    assert.deepEqual(exceeded(CALM, { ...NONE, 'alerts.eventLoopMs': 10, 'alerts.cpuPercent': 5 }, 128), [
      'keeps 10 % of a core busy',
      'did not answer for 20 ms',
    ]);
  });
});
