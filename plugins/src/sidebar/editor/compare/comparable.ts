import type { FlowNode } from '@flowyard/protocol';
import { editor } from '../node-red';

const ALWAYS = [
  'id',
  'type',
  'z',
  'd',
  'g',
  'x',
  'y',
  'wires',
  'info',
  'inputLabels',
  'outputLabels',
  'icon',
  'l',
];
/** A group is drawn around its nodes, a little differently by each browser. */
const DRAWN = ['x', 'y', 'w', 'h'];

/** Properties that the editor writes only when there is something in them, or always. */
const MAY_BE_MISSING: ReadonlySet<string> = new Set([
  'd',
  'disabled',
  'locked',
  'info',
  'env',
  'meta',
  'category',
  'z',
  'g',
  'inputLabels',
  'outputLabels',
]);

function isNothing(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === false ||
    value === '' ||
    (Array.isArray(value) && value.every((entry) => entry === '' || entry === null)) ||
    (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0)
  );
}

/** What of a node the editor would write, were it to write it now; null for types that it keeps as they came. */
function writtenProperties(type: string): Set<string> | null {
  if (type === 'subflow') {
    return null;
  }
  const definition = editor.nodes.getType(type);
  return definition?.defaults ? new Set([...ALWAYS, ...Object.keys(definition.defaults)]) : null;
}

/**
 * Flows in the one form in which the editor and a file can be compared: without what the editor leaves out when it
 * writes a node, or adds to it, so that flows that nobody touched do not differ.
 */
export function comparable(flows: readonly FlowNode[]): FlowNode[] {
  const known = new Map<string, Set<string> | null>();
  // Through JSON, since that is what is stored: a property that is undefined is not there.
  const copies = JSON.parse(JSON.stringify(flows)) as FlowNode[];
  for (const node of copies) {
    if (!known.has(node.type)) {
      known.set(node.type, writtenProperties(node.type));
    }
    const written = known.get(node.type) ?? null;
    for (const name of Object.keys(node)) {
      const isLeftOut = written !== null && node.type !== 'group' && !written.has(name);
      if (isLeftOut || name === 'credentials' || (MAY_BE_MISSING.has(name) && isNothing(node[name]))) {
        delete node[name];
      }
    }
    for (const name of node.type === 'group' ? DRAWN : []) {
      delete node[name];
    }
  }
  return copies;
}

/** What is in the editor now, without credentials. */
export function workspaceFlows(): FlowNode[] {
  return editor.nodes.createCompleteNodeSet({ credentials: false });
}
