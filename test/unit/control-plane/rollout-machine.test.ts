import assert from 'node:assert/strict';
import {
  HEALTH_MS,
  judgeDeployment,
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
  halted: false,
  develops: false,
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
      failure: null,
      halted: false,
      notice: null,
    } as const;

    assert.equal(judgeTarget({ ...facts, runsForMs: HEALTH_MS - 1 }, 0).state, 'updating');
    assert.equal(judgeTarget({ ...facts, runsForMs: HEALTH_MS }, 0).state, 'succeeded');
  });

  it('is skipped when it was removed', () => {
    assert.equal(judgeTarget({ kind: 'gone' }, 0).state, 'skipped');
  });
});

describe('A deployment', () => {
  const target = (state: 'updating' | 'succeeded' | 'failed' | 'skipped', reason: string | null = null) => ({
    state,
    reason,
  });

  it('runs while one target is not done', () => {
    assert.equal(judgeDeployment([target('succeeded'), target('updating')]).state, 'running');
  });

  it('has succeeded when all targets have', () => {
    assert.deepEqual(judgeDeployment([target('succeeded')]), { state: 'succeeded', message: null });
  });

  it('says how many could not take it yet', () => {
    assert.match(judgeDeployment([target('succeeded'), target('skipped')]).message ?? '', /^1 of 2/);
  });

  it('has failed when one target has, and says why', () => {
    const verdict = judgeDeployment([target('succeeded'), target('failed', 'a module is missing')]);

    assert.equal(verdict.state, 'failed');
    assert.match(verdict.message ?? '', /1 of 2 targets failed. a module is missing/);
  });
});
