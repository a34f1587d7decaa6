import type { FlowNode } from '../flows.ts';
import type { NodeChange, Place } from './comparison.ts';
import { own } from './equal.ts';

const SUBFLOW_INSTANCE = 'subflow:';
/** Keeps nodes apart that have the same id; no id has this character. */
const AGAIN = '\u0000';
const LONGEST_NAME = 200;

/** The nodes of a flow file by id, and what they are called. */
export class FlowsIndex {
  /** By id; where several nodes have one, the others are under ids of their own. */
  readonly nodes = new Map<string, FlowNode>();
  readonly tabs: string[] = [];
  readonly subflows: string[] = [];

  constructor(flows: readonly FlowNode[]) {
    const again = new Map<string, number>();
    for (const node of flows) {
      if (typeof node !== 'object' || node === null || typeof node.id !== 'string') {
        continue;
      }
      let { id } = node;
      if (this.nodes.has(id)) {
        const count = (again.get(id) ?? 0) + 1;
        again.set(id, count);
        id = `${id}${AGAIN}${count}`;
      } else if (node.type === 'tab') {
        this.tabs.push(id);
      } else if (node.type === 'subflow') {
        this.subflows.push(id);
      }
      this.nodes.set(id, node);
    }
  }

  /** The id of the flow that a node is on; a tab or subflow is on itself. Null when it is on none. */
  flowOf(node: FlowNode): string | null {
    if (node.type === 'tab' || node.type === 'subflow') {
      return node.id;
    }
    const z = own(node, 'z');
    return typeof z === 'string' && z !== '' ? z : null;
  }

  /** What people call what has this id; the id itself where nothing has it. */
  nameOf(id: string): string {
    const node = this.nodes.get(id);
    return node === undefined ? id : this.nameOfNode(node);
  }

  nameOfNode(node: FlowNode): string {
    for (const property of ['name', 'label']) {
      const value = own(node, property);
      if (typeof value === 'string' && value.trim() !== '') {
        return value.slice(0, LONGEST_NAME);
      }
    }
    const type = String(node.type);
    const definition = type.startsWith(SUBFLOW_INSTANCE)
      ? this.nodes.get(type.slice(SUBFLOW_INSTANCE.length))
      : undefined;
    const name = definition?.type === 'subflow' ? own(definition, 'name') : undefined;
    return typeof name === 'string' && name !== '' ? name.slice(0, LONGEST_NAME) : type;
  }
}

export function kindOf(node: FlowNode): NodeChange['kind'] {
  if (node.type === 'tab' || node.type === 'subflow' || node.type === 'group') {
    return node.type;
  }
  return typeof own(node, 'x') === 'number' && typeof own(node, 'y') === 'number' ? 'node' : 'config';
}

export function placeOf(node: FlowNode): Place {
  const at = (property: string) => {
    const value = own(node, property);
    return typeof value === 'number' ? value : null;
  };
  return { x: at('x'), y: at('y'), w: at('w'), h: at('h') };
}
