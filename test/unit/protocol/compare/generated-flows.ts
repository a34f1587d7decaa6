import type { FlowNode } from '@flowyard/protocol';
import fc from 'fast-check';

export type Edit =
  | { kind: 'add'; tab: number }
  | { kind: 'remove'; node: number }
  | { kind: 'move'; node: number; by: number }
  | { kind: 'move-to-flow'; node: number }
  | { kind: 'rename'; node: number; name: string }
  | { kind: 'rewire'; node: number; to: number }
  | { kind: 'edit-code'; node: number; line: string }
  | { kind: 'set-property'; node: number; value: number };

/** What an edit is to be told as. */
export interface Told {
  id: string;
  change: 'added' | 'removed' | 'changed' | 'moved';
  /** Names of properties, `wires` among them. */
  what: string[];
}

const TYPES = ['inject', 'change', 'mqtt out', 'function', 'debug'];
const text = fc.string({ maxLength: 12 });

/** Flow files of two tabs, a subflow with an instance, a group and a configuration node. */
export const flows: fc.Arbitrary<FlowNode[]> = fc
  .array(
    fc.record({
      type: fc.constantFrom(...TYPES),
      tab: fc.nat(1),
      name: text,
      code: fc.array(text, { maxLength: 6 }),
      targets: fc.uniqueArray(fc.nat(11), { maxLength: 3 }),
      at: fc.tuple(fc.nat(2000), fc.nat(2000)),
    }),
    { minLength: 12, maxLength: 12 },
  )
  .map((drawn) => [
    { id: 't0', type: 'tab', label: 'Line 1' },
    { id: 't1', type: 'tab', label: 'Line 2' },
    { id: 's0', type: 'subflow', name: 'Scale', in: [], out: [] },
    { id: 'broker', type: 'mqtt-broker', name: 'Hall', broker: 'localhost' },
    ...drawn.map(({ type, tab, name, code, targets, at }, index) => ({
      id: `n${index}`,
      type,
      z: `t${tab}`,
      name,
      func: code.join('\n'),
      broker: 'broker',
      outputs: 1,
      wires: [targets.map((target) => `n${target}`)],
      x: at[0],
      y: at[1],
    })),
  ]);

const node = fc.nat(11);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), tab: fc.nat(1) }),
  fc.record({ kind: fc.constant('remove' as const), node }),
  fc.record({ kind: fc.constant('move' as const), node, by: fc.integer({ min: 1, max: 500 }) }),
  fc.record({ kind: fc.constant('move-to-flow' as const), node }),
  fc.record({ kind: fc.constant('rename' as const), node, name: text }),
  fc.record({ kind: fc.constant('rewire' as const), node, to: node }),
  fc.record({ kind: fc.constant('edit-code' as const), node, line: text }),
  fc.record({ kind: fc.constant('set-property' as const), node, value: fc.nat() }),
);

/** At most one for each node. */
export const edits: fc.Arbitrary<Edit[]> = fc.uniqueArray(edit, {
  maxLength: 8,
  selector: (one) => ('node' in one ? one.node : `tab ${one.tab}`),
});

/** The edited copy, and what is to be told of it. */
export function applyEdits(before: FlowNode[], all: Edit[]): { after: FlowNode[]; told: Told[] } {
  const after = new Map(structuredClone(before).map((one) => [one.id, one]));
  const told: Told[] = [];
  for (const one of all) {
    const id = 'node' in one ? `n${one.node}` : `new${one.tab}`;
    const target = after.get(id);
    if (one.kind === 'add') {
      after.set(id, { id, type: 'debug', z: `t${one.tab}`, x: 1, y: 1, wires: [] });
      told.push({ id, change: 'added', what: [] });
    } else if (target !== undefined) {
      const change = editNode(one, target, after);
      if (change !== null) {
        told.push({ id, ...change });
      }
    }
  }
  return { after: [...after.values()], told };
}

function editNode(
  one: Exclude<Edit, { kind: 'add' }>,
  target: FlowNode,
  after: Map<string, FlowNode>,
): Omit<Told, 'id'> | null {
  const changed = (name: string, value: unknown): Omit<Told, 'id'> | null => {
    const old = target[name];
    target[name] = value;
    return old === value ? null : { change: 'changed', what: [name] };
  };
  switch (one.kind) {
    case 'remove':
      after.delete(target.id);
      return { change: 'removed', what: [] };
    case 'move':
      target.x = Number(target.x) + one.by;
      return { change: 'moved', what: [] };
    case 'move-to-flow':
      target.z = target.z === 't0' ? 's0' : 't0';
      return { change: 'moved', what: [] };
    case 'rename':
      return changed('name', one.name);
    case 'edit-code':
      return changed('func', `${String(target.func)}\n${one.line}`);
    case 'set-property':
      return changed('qos', one.value);
    case 'rewire':
      return toggleWire(target, `n${one.to}`);
  }
}

function toggleWire(target: FlowNode, to: string): Omit<Told, 'id'> {
  const [wires = []] = target.wires as string[][];
  target.wires = [wires.includes(to) ? wires.filter((id) => id !== to) : [...wires, to]];
  return { change: 'changed', what: ['wires'] };
}
