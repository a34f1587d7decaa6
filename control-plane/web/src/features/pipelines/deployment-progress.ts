import { type DeploymentView, UNFINISHED_DEPLOYMENTS } from '@flowyard/protocol';

export interface DeploymentProgress {
  /** Targets that run the snapshot. */
  done: number;
  failed: number;
  /** The share of targets that are through, whatever came of it: 0 to 1. */
  share: number;
}

/** How far a deployment is, counted from its targets. */
export function progressOf(deployment: Pick<DeploymentView, 'targets'>): DeploymentProgress {
  const { targets } = deployment;
  const count = (state: DeploymentView['targets'][number]['state']) =>
    targets.filter((target) => target.state === state).length;
  const done = count('succeeded');
  const failed = count('failed');
  const through = done + failed + count('skipped');
  return { done, failed, share: targets.length === 0 ? 1 : through / targets.length };
}

/** Whether it can still change. */
export function isUnderWay(deployment: Pick<DeploymentView, 'state'>): boolean {
  return UNFINISHED_DEPLOYMENTS.includes(deployment.state);
}
