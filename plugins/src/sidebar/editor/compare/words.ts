import type { ChangeCounts, NodeChange } from '@flowyard/protocol';
import { el } from '../dom';
import { t } from '../translate';

export const CHANGES = ['added', 'changed', 'moved', 'removed'] as const;
const SIGNS: Record<NodeChange['change'], string> = { added: '+', changed: '~', moved: '↕', removed: '−' };

/** The sign of a change with its word for those who do not see it. */
export function changeSign(change: NodeChange['change']): HTMLElement {
  const word = t(`compare.kind.${change}`);
  return el(
    'span',
    { class: `flowyard-sign flowyard-sign-${change}`, title: word, role: 'img', 'aria-label': word },
    SIGNS[change],
  );
}

/** "3 added", "1 removed": those that there are. */
export function countWords(counts: ChangeCounts): string[] {
  return CHANGES.filter((change) => counts[change] > 0).map((change) =>
    t(`compare.count.${change}`, { count: counts[change] }),
  );
}

/** What a flow is called that has no name of its own. */
export function flowName({ id, name }: { id: string | null; name: string }): string {
  return id === null ? t('compare.allFlows') : name;
}
