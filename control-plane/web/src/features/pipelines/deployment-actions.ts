import type { DeploymentAction, DeploymentView, FailureBudget } from '@flowyard/protocol';
import { isUnderWay } from './deployment-progress.ts';

/** How each action is asked for. */
export const QUESTIONS: Readonly<
  Record<DeploymentAction, { title: string; action: string; harmless: boolean }>
> = {
  pause: { title: 'Pause this deployment?', action: 'Pause', harmless: true },
  resume: { title: 'Go on with this deployment?', action: 'Resume', harmless: true },
  abort: { title: 'Abort this deployment?', action: 'Abort', harmless: false },
  rollback: { title: 'Roll this deployment back?', action: 'Roll back', harmless: false },
  again: { title: 'Run this deployment again?', action: 'Run again', harmless: true },
};

/** What changes targets needs the right to push there; who may push anywhere in the pipeline may stop any. */
const BEGINS_ANEW: ReadonlySet<DeploymentAction> = new Set(['resume', 'rollback', 'again']);

/** What somebody can do to a deployment as it is now, in the order of the buttons. */
export function offeredActions(
  deployment: Pick<DeploymentView, 'state' | 'returning' | 'counts'>,
  mayPushThere: boolean,
): DeploymentAction[] {
  return possibleActions(deployment).filter((action) => mayPushThere || !BEGINS_ANEW.has(action));
}

function possibleActions(
  deployment: Pick<DeploymentView, 'state' | 'returning' | 'counts'>,
): DeploymentAction[] {
  const { state, returning, counts } = deployment;
  if (!isUnderWay(deployment)) {
    const isBack = state === 'rolled-back' || returning || counts.succeeded === 0;
    return isBack ? ['again'] : ['again', 'rollback'];
  }
  if (returning) {
    return ['abort'];
  }
  const told = counts.succeeded + counts.updating + counts.failed > 0;
  const first: DeploymentAction[] =
    state === 'paused' || state === 'halted' ? ['resume'] : state === 'planned' ? [] : ['pause'];
  return [...first, 'abort', ...(told ? (['rollback'] as const) : [])];
}

/** How many targets do not run the snapshot. */
export function restOf({ counts }: Pick<DeploymentView, 'counts'>): number {
  return counts.total - counts.succeeded;
}

/** What is chosen beside an action. */
export interface ActionChoice {
  /** With `resume`: another budget; left out, that of the deployment goes on. */
  budget?: FailureBudget | null;
  /** With `again`. */
  targets: 'all' | 'rest';
}

/** The request that an action makes. */
export function requestOf(action: DeploymentAction, { budget, targets }: ActionChoice) {
  return {
    action,
    ...(action === 'resume' && budget !== undefined && { failureBudget: budget }),
    ...(action === 'again' && { targets }),
  };
}
