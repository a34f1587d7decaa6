import type { FailureBudget, MaintenanceWindow } from '@flowyard/protocol';

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
