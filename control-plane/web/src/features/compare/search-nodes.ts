import type { FlowNode } from '@flowyard/protocol';
import { labelOf } from './drawn-node.ts';
import { textOf } from './node-values.ts';

export interface FoundNode {
  node: FlowNode;
  name: string;
  flow: string;
}

const MOST = 100;

/** Nodes that have all the words in their name, type, id or texts. */
export function searchNodes(
  flows: readonly FlowNode[],
  words: string | null,
): { items: FoundNode[]; total: number } {
  const wanted = (words ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) {
    return { items: [], total: 0 };
  }
  const names = new Map(
    flows.filter(({ type }) => type === 'tab' || type === 'subflow').map((node) => [node.id, labelOf(node)]),
  );
  const hits = flows.filter((node) => {
    const text = Object.entries(node)
      .filter(([key, value]) => typeof value === 'string' && key !== 'z' && key !== 'g')
      .map(([, value]) => value)
      .join('\n')
      .toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  return {
    total: hits.length,
    items: hits
      .slice(0, MOST)
      .map((node) => ({ node, name: labelOf(node), flow: names.get(textOf(node, 'z')) ?? '' })),
  };
}
