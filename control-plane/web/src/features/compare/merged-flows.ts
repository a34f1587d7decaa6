import type { FlowNode, FlowsComparison, NodeChange } from '@flowyard/protocol';

export type Mark = NodeChange['change'];

/** Both versions in one: what there is now, and what was removed where it was, with what happened to each. */
export interface MergedFlows {
  flows: FlowNode[];
  marks: Map<string, Mark>;
  /** Keys of wires: see `wireKey`. */
  wires: Map<string, 'added' | 'removed'>;
}

export function wireKey(from: string, port: number, to: string): string {
  return `${from} ${port} ${to}`;
}

export function mergeFlows(
  before: readonly FlowNode[],
  after: readonly FlowNode[],
  comparison: FlowsComparison,
): MergedFlows {
  const changes = comparison.flows.flatMap(({ nodes }) => nodes);
  const marks = new Map(changes.map(({ id, change }) => [id, change]));
  const now = new Set(after.map(({ id }) => id));
  const removed = before.filter(({ id }) => !now.has(id));
  const wires: MergedFlows['wires'] = new Map();
  const again = new Map<string, Array<[port: number, to: string]>>();
  for (const wire of changes.flatMap((change) => change.wires).filter(({ kind }) => kind === 'wire')) {
    const { from, to, change } = wire;
    wires.set(wireKey(from.id, from.port, to.id), change);
    if (change === 'removed') {
      again.set(from.id, [...(again.get(from.id) ?? []), [from.port, to.id]]);
    }
  }
  for (const node of removed) {
    eachWire(node, (port, to) => wires.set(wireKey(node.id, port, to), 'removed'));
  }
  const added = after.filter(({ id }) => marks.get(id) === 'added');
  for (const node of added) {
    eachWire(node, (port, to) => wires.set(wireKey(node.id, port, to), 'added'));
  }
  const withWires = after.map((node) => {
    const gone = again.get(node.id);
    return gone === undefined ? node : { ...node, wires: addWires(node.wires, gone) };
  });
  return { flows: [...removed, ...withWires], marks, wires };
}

function eachWire(node: FlowNode, visit: (port: number, to: string) => void): void {
  (Array.isArray(node.wires) ? node.wires : []).forEach((targets: unknown, port: number) => {
    for (const to of Array.isArray(targets) ? targets : []) {
      visit(port, String(to));
    }
  });
}

function addWires(wires: unknown, more: Array<[port: number, to: string]>): unknown[][] {
  const all = (Array.isArray(wires) ? wires : []).map((targets) =>
    Array.isArray(targets) ? [...targets] : [],
  );
  for (const [port, to] of more) {
    while (all.length <= port && all.length < 200) {
      all.push([]);
    }
    all[port]?.push(to);
  }
  return all;
}
