import type { DeploymentView } from '@flowyard/protocol';
import { comparePath } from '../compare/compare-api.ts';

const NOT_BEGUN: ReadonlySet<DeploymentView['state']> = new Set(['planned', 'waiting']);

/**
 * The page that compares what was there before a push with what was pushed; null when nothing was there, or it is gone.
 * What a hosted instance has is kept only when the push begins; until then it is what runs there now.
 */
export function comparisonOf(
  deployment: Pick<DeploymentView, 'state' | 'snapshot' | 'previous' | 'targets'>,
): string | null {
  const { previous, state, targets } = deployment;
  const snapshot = { kind: 'snapshot', id: deployment.snapshot.id } as const;
  if (previous !== null) {
    return previous.id === snapshot.id ? null : comparePath({ kind: 'snapshot', id: previous.id }, snapshot);
  }
  const [target] = targets;
  return target?.kind === 'instance' && NOT_BEGUN.has(state)
    ? comparePath({ kind: 'instance', id: target.id }, snapshot)
    : null;
}
