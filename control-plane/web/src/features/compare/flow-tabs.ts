import type { FlowNode, FlowsComparison } from '@flowyard/protocol';
import { textOf } from './node-values.ts';

export interface FlowTab {
  id: string;
  name: string;
  isSubflow: boolean;
  disabled: boolean;
  /** Changes on it; null where nothing is compared. */
  changes: number | null;
}

/** Tabs and subflows that something can be drawn of, tabs first. */
export function flowTabsOf(flows: readonly FlowNode[], comparison: FlowsComparison | null): FlowTab[] {
  const counts = new Map(comparison?.flows.map(({ id, nodes }) => [id, nodes.length]) ?? []);
  const of = (type: string) =>
    flows
      .filter((node) => node.type === type)
      .map((node) => ({
        id: node.id,
        name: textOf(node, 'label') || textOf(node, 'name'),
        isSubflow: type === 'subflow',
        disabled: node.disabled === true,
        changes: comparison === null ? null : (counts.get(node.id) ?? 0),
      }));
  return [...of('tab'), ...of('subflow')];
}
