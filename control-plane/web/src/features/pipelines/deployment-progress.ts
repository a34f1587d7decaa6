import type { DeploymentView } from '@flowyard/protocol';

/** As in the protocol, whose schemas the first view of the page need not load. */
const ENDED: ReadonlySet<DeploymentView['state']> = new Set([
  'succeeded',
  'failed',
  'aborted',
  'rolled-back',
]);

export interface DeploymentProgress {
  /** Targets that run the snapshot. */
  done: number;
  failed: number;
  /** The share of targets that are through, whatever came of it: 0 to 1. */
  share: number;
}

/** How far a deployment is, from the counts of its targets. */
export function progressOf({ counts }: Pick<DeploymentView, 'counts'>): DeploymentProgress {
  const { total, succeeded, failed, skipped, returned } = counts;
  const through = succeeded + failed + skipped + returned;
  return { done: succeeded, failed, share: total === 0 ? 1 : through / total };
}

/** Whether it can still change. */
export function isUnderWay(deployment: Pick<DeploymentView, 'state'>): boolean {
  return !ENDED.has(deployment.state);
}
