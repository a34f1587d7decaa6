import assert from 'node:assert/strict';
import { decideRestart, type ExitFacts } from '../../../launcher/src/restart-policy.ts';

const FACTS: ExitFacts = {
  code: 1,
  signal: null,
  message: null,
  hung: false,
  blamed: null,
  startError: null,
  lastLines: [],
};
const first = { crashes: 0, ranForMs: 1000 };

describe('the restart policy', () => {
  it('doubles the wait up to five minutes', () => {
    const waits = [0, 1, 2, 8, 9, 50].map(
      (crashes) => decideRestart(FACTS, { crashes, ranForMs: 0 }).delayMs,
    );

    assert.deepEqual(waits, [1000, 2000, 4000, 256_000, 300_000, 300_000]);
  });

  it('forgets crashes after ten stable minutes', () => {
    const decision = decideRestart(FACTS, { crashes: 7, ranForMs: 600_000 });

    assert.equal(decision.crashes, 1);
    assert.equal(decision.safeMode, false);
  });

  it('asks for safe mode at the fifth crash in a row and from then on', () => {
    const safe = [3, 4, 5].map((crashes) => decideRestart(FACTS, { crashes, ranForMs: 0 }).safeMode);

    assert.deepEqual(safe, [false, true, true]);
  });

  const reasons: Array<[Partial<ExitFacts>, RegExp]> = [
    [{ code: 0 }, /exit code 0/],
    [{ code: null, signal: 'SIGKILL' }, /signal SIGKILL/],
    [{ code: null, signal: 'SIGABRT', lastLines: ['FATAL ERROR: Reached heap limit'] }, /out of memory/],
    [{ code: 70, message: 'Error: boom' }, /no node caught: Error: boom/],
    [{ code: 75 }, /Another Node-RED/],
    [{ hung: true, code: null, signal: 'SIGKILL' }, /did not answer/],
    [{ startError: 'no such file' }, /could not be started: no such file/],
    [{ code: null }, /^Node-RED ended\./],
  ];
  for (const [facts, reason] of reasons) {
    it(`tells people: ${reason.source}`, () => {
      assert.match(decideRestart({ ...FACTS, ...facts }, first).reason, reason);
    });
  }

  it('quotes the end of the log, within bounds', () => {
    const lastLines = Array.from({ length: 200 }, (_, index) => `line ${index} ${'x'.repeat(300)}`);

    const { reason } = decideRestart({ ...FACTS, lastLines }, first);

    assert.ok(reason.length <= 4000);
    assert.ok(reason.includes('line 199'));
  });
});
