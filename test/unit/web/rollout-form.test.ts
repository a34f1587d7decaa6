import assert from 'node:assert/strict';
import { DEFAULT_ROLLOUT, RolloutPolicy } from '@flowyard/protocol';
import {
  formOf,
  policyOf,
  ROLLOUT_RULES,
} from '../../../control-plane/web/src/features/pipelines/rollout-form.ts';

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
