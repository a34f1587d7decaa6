import assert from 'node:assert/strict';
import { withGaps } from '../../../control-plane/web/src/features/metrics/with-gaps.ts';

const point = (at: string) => ({
  at,
  cpuPercent: 1,
  memoryBytes: 1,
  eventLoopDelayMs: 1,
  messages: 1,
  requests: 1,
});

describe('The line of a chart', () => {
  it('is broken where the instance did not run', () => {
    const points = ['00:00', '00:01', '00:05'].map((time) => point(`2026-01-01T${time}:00.000Z`));

    const shown = withGaps(points, 60);

    const begin = Date.parse('2026-01-01T00:00:00Z') / 1000;
    assert.deepEqual(
      shown.map(({ time, point: at }) => [time - begin, at === null]),
      [
        [0, false],
        [60, false],
        [120, true],
        [300, false],
      ],
    );
  });
});
