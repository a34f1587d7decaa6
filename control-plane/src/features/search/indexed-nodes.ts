import type { FlowNode } from '@flowyard/protocol';

/** What the search knows of a node. */
export interface IndexedNode {
  nodeId: string;
  type: string;
  name: string;
  /** The name of the flow or subflow that it is in; empty when it is in none. */
  flow: string;
}

const LONGEST_NAME = 200;

/** Text as every database takes it, and no longer than a name has to be. */
function nameOf(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll('\0', '').trim().slice(0, LONGEST_NAME) : '';
}

/** Tabs have a label, everything else a name. */
function labelOf(node: FlowNode): string {
  return nameOf(node.type === 'tab' ? node.label : node.name);
}

/** What of flows can be found: the types and names of nodes, and nothing of what they do. */
export function indexedNodes(flows: readonly FlowNode[]): Map<string, IndexedNode> {
  const containers = new Map(
    flows
      .filter(({ type }) => type === 'tab' || type === 'subflow')
      .map((node) => [node.id, labelOf(node)] as const),
  );
  const nodes = new Map<string, IndexedNode>();
  for (const node of flows) {
    const flow = typeof node.z === 'string' ? (containers.get(node.z) ?? '') : '';
    const nodeId = nameOf(node.id);
    nodes.set(nodeId, { nodeId, type: nameOf(node.type), name: labelOf(node), flow });
  }
  return nodes;
}

/** The words in which a node is looked for. */
export function wordsOf({ name, type }: IndexedNode): string {
  return `${name}\n${type}`.toLowerCase();
}
