import type { Blamed, Flows } from '@flowyard/protocol';

type FlowNode = Flows[number];

export interface NamedFlow {
  id: string;
  name: string;
}

export interface BlamedNode {
  id: string;
  name: string;
  type: string;
}

export interface BlamedFlows {
  /** The node, where one alone is to blame. */
  node: BlamedNode | null;
  /** The flows to leave out so that it does not run; empty when that cannot be done. */
  flows: NamedFlow[];
}

const NOTHING: BlamedFlows = { node: null, flows: [] };

/** Which flows a crash came from. Nodes inside a subflow stand for every flow that uses it. */
export function findBlamedFlows(flows: Flows, blamed: Blamed | null): BlamedFlows {
  if (blamed === null) {
    return NOTHING;
  }
  const nodes = 'nodeId' in blamed ? withId(flows, blamed.nodeId) : withTypes(flows, blamed.types);
  const tabs = new Set(nodes.flatMap((node) => tabsOf(flows, node)));
  const [first] = nodes;
  return {
    node: nodes.length === 1 && first !== undefined ? named(first) : null,
    flows: flows
      .filter((node) => tabs.has(node.id))
      .map((tab) => ({ id: tab.id, name: textOf(tab.label) || tab.id })),
  };
}

/** In a subflow, Node-RED calls a node `<instance of the subflow>-<node>`. */
function withId(flows: Flows, id: string): FlowNode[] {
  const found = flows.filter((node) => node.id === id);
  const end = id.lastIndexOf('-');
  return found.length > 0 || end < 0 ? found : withId(flows, id.slice(end + 1));
}

function withTypes(flows: Flows, types: readonly string[]): FlowNode[] {
  return flows.filter((node) => types.includes(node.type));
}

function tabsOf(flows: Flows, node: FlowNode, seen: ReadonlySet<string> = new Set()): string[] {
  const home = textOf(node.z);
  if (home === '' || seen.has(home)) {
    // A config node of all flows, or a subflow that uses itself.
    return [];
  }
  if (flows.some(({ id, type }) => id === home && type === 'tab')) {
    return [home];
  }
  const users = flows.filter(({ type }) => type === `subflow:${home}`);
  return users.flatMap((user) => tabsOf(flows, user, new Set([...seen, home])));
}

function named(node: FlowNode): BlamedNode {
  return { id: node.id, type: node.type, name: textOf(node.name) || node.id };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
