import type { Blamed } from '@flowyard/protocol';

/** What Node-RED tells of the node types that it loaded. Source: @node-red/registry lib/registry.js. */
interface NodeSet {
  module?: string;
  types?: string[];
}

/** Function nodes run as scripts of that name. Source: @node-red/nodes core/function/10-function.js. */
const FUNCTION_NODE = /Function node(?: setup| cleanup)?:([0-9A-Za-z._-]+)/;
const MODULE = /[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/g;

/** Finds out from the stack of an exception which node, or which types of nodes, it came from. */
export class Blame {
  readonly #typesByModule = new Map<string, string[]>();

  /** Node-RED's own types are left out: their files say too little about the node. */
  learn(sets: readonly NodeSet[]): void {
    for (const { module, types } of sets) {
      if (module !== undefined && module !== 'node-red' && types !== undefined) {
        this.#typesByModule.set(module, [...(this.#typesByModule.get(module) ?? []), ...types]);
      }
    }
  }

  of(stack: string): Blamed | null {
    const nodeId = FUNCTION_NODE.exec(stack)?.[1];
    if (nodeId !== undefined) {
      return { nodeId };
    }
    for (const [, name = ''] of stack.matchAll(MODULE)) {
      const types = this.#typesByModule.get(name.replace('\\', '/'));
      if (types !== undefined && types.length > 0) {
        return { types };
      }
    }
    return null;
  }
}
