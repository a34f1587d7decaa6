import type { FlowNode } from '../flows.ts';
import type { Side } from './compare-properties.ts';
import type { MemberChange, WireChange, WireEnd } from './comparison.ts';
import { isEqualJson, isObject, own } from './equal.ts';
import type { FlowsIndex } from './flows-index.ts';

type Wire = Omit<WireChange, 'change'>;

/** Wires and links that only one of two versions of a node has. */
export function compareWires(before: Side, after: Side): WireChange[] {
  if (isWiredAlike(before.node, after.node)) {
    return [];
  }
  const old = wiresOf(before);
  const now = wiresOf(after);
  return [
    ...onlyIn(old, now).map((wire) => ({ change: 'removed' as const, ...wire })),
    ...onlyIn(now, old).map((wire) => ({ change: 'added' as const, ...wire })),
  ];
}

const WIRING = ['wires', 'links', 'in', 'out', 'status'];

/** Of most nodes the wires are the same: nobody needs to know their ends then. */
function isWiredAlike(before: FlowNode, after: FlowNode): boolean {
  return (
    before.type === after.type && WIRING.every((name) => isEqualJson(own(before, name), own(after, name)))
  );
}

/** Nodes that are in a group only in one of its versions. */
export function compareMembers(before: Side, after: Side): MemberChange[] {
  if (before.node.type !== 'group' && after.node.type !== 'group') {
    return [];
  }
  const old = membersOf(before.node);
  const now = membersOf(after.node);
  const changes = (
    ids: Set<string>,
    others: Set<string>,
    change: MemberChange['change'],
    index: FlowsIndex,
  ) => [...ids].filter((id) => !others.has(id)).map((id) => ({ change, id, name: index.nameOf(id) }));
  return [...changes(old, now, 'removed', before.index), ...changes(now, old, 'added', after.index)];
}

function onlyIn(wires: Map<string, Wire>, others: Map<string, Wire>): Wire[] {
  return [...wires].filter(([key]) => !others.has(key)).map(([, wire]) => wire);
}

function wiresOf({ node, index }: Side): Map<string, Wire> {
  const wires = new Map<string, Wire>();
  const add = (kind: Wire['kind'], from: WireEnd, to: WireEnd) =>
    wires.set(JSON.stringify([kind, from.id, from.port, to.id, to.port]), { kind, from, to });
  const end = (id: string, port: number): WireEnd => ({ id, name: index.nameOf(id), port });
  if (node.type === 'subflow') {
    addPorts(node, end, add);
    return wires;
  }
  listOf(own(node, 'wires')).forEach((targets, port) => {
    for (const target of idsIn(targets)) {
      add('wire', end(node.id, port), end(target, 0));
    }
  });
  for (const target of isLinkNode(node) ? idsIn(own(node, 'links')) : []) {
    add('link', end(node.id, 0), end(target, 0));
  }
  return wires;
}

/** A subflow's own inputs, outputs and status are wired inside of it. */
function addPorts(
  subflow: FlowNode,
  end: (id: string, port: number) => WireEnd,
  add: (kind: Wire['kind'], from: WireEnd, to: WireEnd) => void,
): void {
  const portOfSubflow = (name: string, port: number): WireEnd => ({ id: subflow.id, name, port });
  const wiresIn = (entry: unknown) => (isObject(entry) ? listOf(own(entry, 'wires')) : []).filter(isObject);
  const portOf = (wire: object) => {
    const port = own(wire, 'port');
    return typeof port === 'number' && Number.isInteger(port) ? port : 0;
  };
  listOf(own(subflow, 'in')).forEach((entry, port) => {
    for (const wire of wiresIn(entry)) {
      add('wire', portOfSubflow(`input ${port + 1}`, port), end(String(own(wire, 'id')), 0));
    }
  });
  const outputs: Array<[unknown, string]> = listOf(own(subflow, 'out')).map((entry, port) => [
    entry,
    `output ${port + 1}`,
  ]);
  [...outputs, [own(subflow, 'status'), 'status'] as [unknown, string]].forEach(([entry, name], port) => {
    for (const wire of wiresIn(entry)) {
      add(
        'wire',
        end(String(own(wire, 'id')), portOf(wire)),
        portOfSubflow(name, name === 'status' ? -1 : port),
      );
    }
  });
}

function membersOf(group: FlowNode): Set<string> {
  return new Set(group.type === 'group' ? idsIn(own(group, 'nodes')) : []);
}

/** Other nodes may have a property of that name with a meaning of its own. */
export function isLinkNode({ type }: FlowNode): boolean {
  return type === 'link in' || type === 'link out' || type === 'link call';
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function idsIn(value: unknown): string[] {
  return listOf(value).filter((id) => typeof id === 'string');
}
