import assert from 'node:assert/strict';
import { DEFAULT_ROLLOUT, RolloutPolicy } from '@flowyard/protocol';
import {
  changesOf,
  formOf,
  policyOf,
  ROLLOUT_RULES,
} from '../../../control-plane/web/src/features/pipelines/rollout-form.ts';
import { policyInWords } from '../../../control-plane/web/src/features/pipelines/rollout-words.ts';

describe('the form of a rollout', () => {
  it('gives back the policy that it was made of', () => {
    const policy: RolloutPolicy = {
      waves: [{ count: 1 }, { percent: 10 }, 'rest'],
      concurrency: 20,
      healthSeconds: 90,
      failureBudget: { percent: 2.5 },
      onHalt: 'return',
      window: { days: ['sat'], from: '22:00', to: '04:00', timeZone: 'Europe/Berlin' },
    };

    assert.deepEqual(policyOf(formOf(policy)), policy);
    assert.deepEqual(policyOf(formOf(DEFAULT_ROLLOUT)), DEFAULT_ROLLOUT);
  });

  it('says which rules were typed otherwise, none where nothing was', () => {
    const policy: RolloutPolicy = {
      ...DEFAULT_ROLLOUT,
      healthSeconds: 100,
      window: { days: ['sat', 'sun'], from: '22:00', to: '04:00', timeZone: 'Europe/Berlin' },
    };
    const form = { ...formOf(policy), waves: '1, rest', budget: '3' };

    assert.deepEqual(changesOf(formOf(policy), policy), {});
    assert.deepEqual(changesOf(form, policy), {
      waves: [{ count: 1 }, 'rest'],
      failureBudget: { count: 3 },
    });
  });

  it('leaves the policy that it was made of as it is', () => {
    const window = { days: ['sat' as const], from: '22:00', to: '04:00', timeZone: 'Europe/Berlin' };
    const form = formOf({ ...DEFAULT_ROLLOUT, window });

    form.window?.days.push('sun');

    assert.deepEqual(window.days, ['sat']);
  });

  it('is read in one line', () => {
    const policy: RolloutPolicy = {
      ...DEFAULT_ROLLOUT,
      waves: [{ count: 1 }, 'rest'],
      healthSeconds: 300,
      failureBudget: { percent: 2 },
    };

    assert.equal(policyInWords(DEFAULT_ROLLOUT), 'all at once');
    assert.equal(policyInWords(policy), 'waves of 1, rest · health time 5 min · 2 % may fail');
  });

  it('reads what people type', () => {
    const form = { ...formOf(DEFAULT_ROLLOUT), waves: ' 5,50%, Rest ', budget: '0' };

    const policy = policyOf(form);

    assert.deepEqual(policy.waves, [{ count: 5 }, { percent: 50 }, 'rest']);
    assert.deepEqual(policy.failureBudget, { count: 0 });
    assert.ok(RolloutPolicy.safeParse(policy).success);
  });

  it('says what does not fit', () => {
    for (const text of ['many', '0', '120 %', '-1', '1; 2']) {
      assert.equal(typeof ROLLOUT_RULES.waves(text), 'string', text);
    }
    assert.equal(typeof ROLLOUT_RULES.budget('some'), 'string');
    assert.equal(typeof ROLLOUT_RULES.health('soon'), 'string');
    assert.equal(typeof ROLLOUT_RULES.concurrency('0'), 'string');
    assert.equal(ROLLOUT_RULES.waves(''), true);
    assert.equal(ROLLOUT_RULES.budget(''), true);
  });
});
