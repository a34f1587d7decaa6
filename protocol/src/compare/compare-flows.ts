import type { FlowNode } from '../flows.ts';
import { compareProperties, type Side } from './compare-properties.ts';
import { TextBudget } from './compare-text.ts';
import { compareMembers, compareWires, isLinkNode } from './compare-wires.ts';
import type { ChangeCounts, FlowChanges, FlowRef, FlowsComparison, NodeChange } from './comparison.ts';
import { isEqualJson, isObject, own } from './equal.ts';
import { FlowsIndex, kindOf, placeOf } from './flows-index.ts';

export interface CompareOptions {
  /** Whether nodes that were only moved on their flow count as equal, and so does the order of tabs. */
  ignorePositions?: boolean | undefined;
}

/** What the nodes that are on no flow are called together. */
export const GLOBAL_FLOW = 'On all flows';

/**
 * What differs between two flow files. Nodes are the same when their ids are, wherever in the file and on whichever flow they are.
 * Takes time in proportion to the files, whatever is in them, and never shows credentials.
 */
export function compareFlows(
  before: readonly FlowNode[],
  after: readonly FlowNode[],
  { ignorePositions = false }: CompareOptions = {},
): FlowsComparison {
  const comparison = new Comparison(new FlowsIndex(before), new FlowsIndex(after), ignorePositions);
  return comparison.run();
}

class Comparison {
  readonly #before: FlowsIndex;
  readonly #after: FlowsIndex;
  readonly #ignorePositions: boolean;
  readonly #texts = new TextBudget();
  readonly #byFlow = new Map<string | null, NodeChange[]>();

  constructor(before: FlowsIndex, after: FlowsIndex, ignorePositions: boolean) {
    this.#before = before;
    this.#after = after;
    this.#ignorePositions = ignorePositions;
  }

  run(): FlowsComparison {
    for (const [key, node] of this.#after.nodes) {
      const old = this.#before.nodes.get(key);
      const change = old === undefined ? whole('added', this.#after, node) : this.#compareNode(old, node);
      if (change !== null) {
        this.#add(this.#after.flowOf(node), change);
      }
    }
    for (const [key, node] of this.#before.nodes) {
      if (!this.#after.nodes.has(key)) {
        this.#add(this.#before.flowOf(node), whole('removed', this.#before, node));
      }
    }
    const flows = this.#inOrder();
    return { counts: countOf(flows), flows, tabsReordered: !this.#ignorePositions && this.#isReordered() };
  }

  #add(flow: string | null, change: NodeChange): void {
    const changes = this.#byFlow.get(flow);
    const isFlowItself = change.kind === 'tab' || change.kind === 'subflow';
    if (changes === undefined) {
      this.#byFlow.set(flow, [change]);
    } else if (isFlowItself && changes.length > 0) {
      changes.unshift(change);
    } else {
      changes.push(change);
    }
  }

  #compareNode(old: FlowNode, node: FlowNode): NodeChange | null {
    const before: Side = { node: old, index: this.#before };
    const after: Side = { node, index: this.#after };
    const onCanvas = kindOf(old) !== 'config' && kindOf(node) !== 'config';
    const properties = [
      ...compareProperties(before, after, { except: toldOtherwise(node, onCanvas), texts: this.#texts }),
      ...(old.type === 'subflow' && node.type === 'subflow' ? comparePortCounts(old, node) : []),
    ];
    const wires = compareWires(before, after);
    const members = compareMembers(before, after);
    const isMoved = onCanvas && !this.#ignorePositions && isDrawnElsewhere(old, node);
    const flows = [this.#flowRef(this.#before, old), this.#flowRef(this.#after, node)] as const;
    const isElsewhere = flows[0].id !== flows[1].id;
    const isChanged = properties.length + wires.length + members.length > 0;
    if (!isChanged && !isMoved && !isElsewhere) {
      return null;
    }
    return {
      ...whole(isChanged ? 'changed' : 'moved', this.#after, node),
      properties,
      wires,
      members,
      place: isMoved ? { before: placeOf(old), after: placeOf(node) } : null,
      flow: isElsewhere ? { before: flows[0], after: flows[1] } : null,
    };
  }

  #flowRef(index: FlowsIndex, node: FlowNode): FlowRef {
    const id = index.flowOf(node);
    return { id, name: id === null ? GLOBAL_FLOW : index.nameOf(id) };
  }

  /** Tabs as in the editor, those that are gone after them, then subflows, then what is on no flow. */
  #inOrder(): FlowChanges[] {
    const known = [
      ...new Set([...this.#after.tabs, ...this.#before.tabs]),
      ...new Set([...this.#after.subflows, ...this.#before.subflows]),
    ];
    const ids = new Set<string | null>([...known, null, ...this.#byFlow.keys()]);
    return [...ids].flatMap((id) => {
      const nodes = this.#byFlow.get(id);
      return nodes === undefined ? [] : [{ ...this.#describeFlow(id), nodes }];
    });
  }

  #describeFlow(id: string | null): Omit<FlowChanges, 'nodes'> {
    if (id === null) {
      return { id, name: GLOBAL_FLOW, kind: 'global' };
    }
    const index = this.#after.nodes.has(id) ? this.#after : this.#before;
    const type = index.nodes.get(id)?.type;
    return { id, name: index.nameOf(id), kind: type === 'tab' || type === 'subflow' ? type : 'missing' };
  }

  #isReordered(): boolean {
    const common = (tabs: string[], others: FlowsIndex) => tabs.filter((id) => others.nodes.has(id));
    const before = common(this.#before.tabs, this.#after);
    const after = common(this.#after.tabs, this.#before);
    return before.some((id, at) => id !== after[at]);
  }
}

function whole(change: NodeChange['change'], index: FlowsIndex, node: FlowNode): NodeChange {
  return {
    change,
    id: node.id,
    type: String(node.type),
    name: index.nameOfNode(node),
    kind: kindOf(node),
    properties: [],
    wires: [],
    members: [],
    place: null,
    flow: null,
  };
}

const ALWAYS = ['id', 'z', 'wires'];
const ON_CANVAS = new Set([...ALWAYS, 'x', 'y']);
const IN_GROUP = new Set([...ON_CANVAS, 'w', 'h', 'nodes']);
const OF_SUBFLOW = new Set([...ON_CANVAS, 'in', 'out', 'status']);
const OF_LINK = new Set([...ON_CANVAS, 'links']);
const OF_CONFIG = new Set(ALWAYS);

/** Properties that are told as places, wires or members. */
function toldOtherwise(node: FlowNode, onCanvas: boolean): ReadonlySet<string> {
  switch (node.type) {
    case 'group':
      return IN_GROUP;
    case 'subflow':
      return OF_SUBFLOW;
    default:
      return isLinkNode(node) ? OF_LINK : onCanvas ? ON_CANVAS : OF_CONFIG;
  }
}

function isDrawnElsewhere(old: FlowNode, node: FlowNode): boolean {
  const isPlain = kindOf(old) === 'node' && kindOf(node) === 'node';
  return isPlain ? old.x !== node.x || old.y !== node.y : !isEqualJson(drawnAt(old), drawnAt(node));
}

function drawnAt(node: FlowNode): unknown {
  if (node.type === 'subflow') {
    return [portsOf(node, 'in'), portsOf(node, 'out'), [own(node, 'status')]].map((ports) =>
      ports.map((port) => (isObject(port) ? [own(port, 'x'), own(port, 'y')] : null)),
    );
  }
  const place = placeOf(node);
  return node.type === 'group' ? place : { x: place.x, y: place.y };
}

function portsOf(subflow: FlowNode, side: 'in' | 'out'): unknown[] {
  const ports = own(subflow, side);
  return Array.isArray(ports) ? ports : [];
}

function comparePortCounts(before: FlowNode, after: FlowNode): NodeChange['properties'] {
  const counts = [
    ['inputs', portsOf(before, 'in').length, portsOf(after, 'in').length],
    ['outputs', portsOf(before, 'out').length, portsOf(after, 'out').length],
    ['status output', isObject(own(before, 'status')), isObject(own(after, 'status'))],
  ] as const;
  return counts
    .filter(([, old, now]) => old !== now)
    .map(([name, old, now]) => ({
      name,
      before: old,
      after: now,
      beforeSize: String(old).length,
      afterSize: String(now).length,
      hunks: null,
    }));
}

function countOf(flows: FlowChanges[]): ChangeCounts {
  const counts: ChangeCounts = { added: 0, removed: 0, changed: 0, moved: 0 };
  for (const { nodes } of flows) {
    for (const { change } of nodes) {
      counts[change]++;
    }
  }
  return counts;
}
