import type { DeploymentState, DeploymentView } from '@flowyard/protocol';

export type OfferedAction = 'pause' | 'resume' | 'abort' | 'rollback';

/** The states in which nothing else can be pushed. */
const UNDER_WAY: ReadonlySet<DeploymentState> = new Set([
  'planned',
  'waiting',
  'running',
  'paused',
  'halted',
]);

export function isUnderWay(deployment: Pick<DeploymentView, 'state'> | null): boolean {
  return deployment !== null && UNDER_WAY.has(deployment.state);
}

/** What can be done to a deployment as it is now, in the order of the buttons. */
export function offeredActions(
  deployment: Pick<DeploymentView, 'state' | 'returning' | 'counts'>,
): OfferedAction[] {
  const { state, returning: isReturning, counts } = deployment;
  if (!isUnderWay(deployment)) {
    return state === 'rolled-back' || isReturning || counts.succeeded === 0 ? [] : ['rollback'];
  }
  if (isReturning) {
    return ['abort'];
  }
  const isTold = counts.succeeded + counts.updating + counts.failed > 0;
  const first: OfferedAction[] =
    state === 'paused' || state === 'halted' ? ['resume'] : state === 'planned' ? [] : ['pause'];
  return [...first, 'abort', ...(isTold ? (['rollback'] as const) : [])];
}
