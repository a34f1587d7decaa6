import assert from 'node:assert/strict';
import { backoffDelay, REFUSED, UNREACHABLE } from '../../../device-agent/src/link/backoff.ts';

describe('waiting before the next connection', () => {
  it('doubles from one second to one minute', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((failures) =>
      backoffDelay(failures, UNREACHABLE, () => 1),
    );

    assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('spreads devices over half of the time', () => {
    assert.equal(
      backoffDelay(3, UNREACHABLE, () => 0),
      2000,
    );
    assert.equal(
      backoffDelay(3, UNREACHABLE, () => 0.5),
      3000,
    );
  });

  it('asks less often where it was refused', () => {
    assert.ok(backoffDelay(1, REFUSED, () => 0) >= 15_000);
  });
});
