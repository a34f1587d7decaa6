import assert from 'node:assert/strict';
import {
  HEALTH_MS,
  judgeTarget,
  PATIENCE_AWAY_MS,
  PATIENCE_MS,
  type TargetFacts,
} from '../../../control-plane/src/features/pipelines/rollout-machine.ts';

const DEVICE: TargetFacts = {
  kind: 'device',
  online: true,
  awayMs: 0,
  runsSnapshot: false,
  failure: null,
  unwell: null,
  halted: false,
  develops: false,
  elsewhere: null,
  held: null,
  opensAt: null,
};

describe('A target of a deployment', () => {
  const cases: Array<[string, Partial<TargetFacts>, number, string]> = [
    ['is updating while it has said nothing', {}, 0, 'updating'],
    ['has succeeded when it runs the snapshot', { runsSnapshot: true }, 0, 'succeeded'],
    ['has failed when it gave the snapshot up', { failure: 'a module is missing' }, 0, 'failed'],
    [
      'has failed even if it runs, when something else is wanted there by now',
      { runsSnapshot: true, failure: 'replaced' },
      0,
      'failed',
    ],
    ['is skipped while it is stopped', { halted: true }, 0, 'skipped'],
    ['is skipped in developer mode', { develops: true, runsSnapshot: true }, 0, 'skipped'],
    [
      'is waited for while it is away for a moment',
      { online: false, awayMs: PATIENCE_AWAY_MS - 1 },
      0,
      'updating',
    ],
    ['is skipped when it is away for longer', { online: false, awayMs: PATIENCE_AWAY_MS }, 0, 'skipped'],
    ['is waited for while its flows hold updates', { held: 'waits: …' }, PATIENCE_MS, 'updating'],
    ['has failed when nothing was heard for too long', {}, PATIENCE_MS, 'failed'],
  ];
  for (const [title, facts, updatingForMs, expected] of cases) {
    it(title, () => {
      assert.equal(judgeTarget({ ...DEVICE, ...facts } as TargetFacts, updatingForMs).state, expected);
    });
  }

  it('must run for a moment without a crash when it is an instance', () => {
    const facts = {
      kind: 'instance',
      runsSnapshot: true,
      held: null,
      failure: null,
      unwell: null,
      halted: false,
      notice: null,
      opensAt: null,
    } as const;

    assert.equal(judgeTarget({ ...facts, runsForMs: HEALTH_MS - 1 }, 0).state, 'updating');
    assert.equal(judgeTarget({ ...facts, runsForMs: HEALTH_MS }, 0).state, 'succeeded');
  });

  it('is skipped when it was removed', () => {
    assert.equal(judgeTarget({ kind: 'gone' }, 0).state, 'skipped');
  });
});
