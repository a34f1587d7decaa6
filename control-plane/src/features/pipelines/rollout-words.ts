import type { DeploymentState, RolloutPolicy } from '@flowyard/protocol';
import type { Run, RunTarget } from './rollout-decision.ts';
import { allowedFailures } from './waves.ts';

const NAMED = 5;

export function inWords(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The first few of those that failed, by name. */
function names(failed: readonly RunTarget[]): string {
  const first = failed.slice(0, NAMED).map(({ name }) => name);
  const more = failed.length - first.length;
  return more === 0 ? first.join(', ') : `${first.join(', ')} and ${more} more`;
}

const failedOf = (targets: readonly RunTarget[]) => targets.filter(({ state }) => state === 'failed');

/** Why a run halts; null when it does not. */
export function haltOf(
  { policy, forgiven }: Pick<Run, 'policy' | 'forgiven'>,
  targets: readonly RunTarget[],
): string | null {
  const allowed = allowedFailures(policy.failureBudget, targets.length);
  const failed = failedOf(targets);
  const counted = failed.length - forgiven;
  if (allowed === null || counted <= allowed) {
    return null;
  }
  const since = forgiven > 0 ? ' since it was resumed' : '';
  return `Halted: ${counted} of ${targets.length} targets failed${since}, and ${allowed} may. ${names(failed)}.`;
}

/** How a run ends of which all targets are through. */
export function endOf(
  policy: RolloutPolicy,
  targets: readonly RunTarget[],
): { state: Extract<DeploymentState, 'succeeded' | 'failed'>; message: string | null } {
  const failed = failedOf(targets);
  const state =
    failed.length > (allowedFailures(policy.failureBudget, targets.length) ?? 0) ? 'failed' : 'succeeded';
  if (failed.length > 0) {
    const reason = failed[0]?.reason ?? '';
    const what =
      targets.length === 1 ? '' : `${failed.length} of ${targets.length} targets failed: ${names(failed)}. `;
    return { state, message: `${what}${reason}`.trim() };
  }
  const skipped = targets.filter((target) => target.state === 'skipped').length;
  return {
    state,
    message:
      skipped === 0 ? null : `${skipped} of ${targets.length} targets could not take it yet and will later.`,
  };
}
