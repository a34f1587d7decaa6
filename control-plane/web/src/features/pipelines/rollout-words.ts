import type { FailureBudget, MaintenanceWindow, RolloutPolicy } from '@flowyard/protocol';
import { formOf } from './rollout-form.ts';

/** How many targets may fail, in words. */
export function budgetInWords(budget: FailureBudget | null): string {
  if (budget === null) {
    return 'none: it goes through';
  }
  return 'count' in budget ? `${budget.count} may fail` : `${budget.percent} % may fail`;
}

/** For how long a wave must run well, in words. */
export function healthInWords(seconds: number): string {
  if (seconds === 0) {
    return 'none';
  }
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** When devices may be told, in words. */
export function windowInWords(window: MaintenanceWindow | null): string {
  if (window === null) {
    return 'at any time';
  }
  const days = window.days.length === 7 ? 'every day' : window.days.join(', ');
  return `${days} ${window.from}–${window.to} (${window.timeZone})`;
}

/** How a push goes to its targets, in one line. */
export function policyInWords(policy: RolloutPolicy): string {
  const { waves } = formOf(policy);
  const parts = [
    waves === '' ? 'all at once' : `waves of ${waves}`,
    policy.concurrency === null ? null : `${policy.concurrency} at the same time`,
    policy.healthSeconds === 0 ? null : `health time ${healthInWords(policy.healthSeconds)}`,
    policy.failureBudget === null ? null : budgetInWords(policy.failureBudget),
    policy.window === null ? null : windowInWords(policy.window),
  ];
  return parts.filter((part) => part !== null).join(' · ');
}
