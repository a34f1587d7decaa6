import type { FailureBudget, MaintenanceWindow, RolloutPolicy } from '@flowyard/protocol';
import { formOf } from './rollout-form.ts';

/** How many targets may fail, in words. */
export function budgetInWords(budget: FailureBudget | null): string {
  if (budget === null) {
    return 'none: it goes through';
  }
  return 'count' in budget ? `${budget.count} may fail` : `${budget.percent} % may fail`;
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
  const { waves, healthMinutes } = formOf(policy);
  const parts = [
    waves === '' ? 'all at once' : `waves of ${waves}`,
    policy.concurrency === null ? null : `${policy.concurrency} at the same time`,
    healthMinutes === '' ? null : `health time ${healthMinutes} min`,
    policy.failureBudget === null ? null : budgetInWords(policy.failureBudget),
    policy.window === null ? null : windowInWords(policy.window),
  ];
  return parts.filter((part) => part !== null).join(' · ');
}
