import type { FlowNode } from '@flowyard/protocol';

/** Kinds that every editor has. */
const BUILT_IN: ReadonlySet<string> = new Set(['tab', 'subflow', 'group', 'junction']);

export interface NodeTypes {
  isKnown: (type: string) => boolean;
  hasCredentials: (type: string) => boolean;
}

/** What a person should know before flows take the place of those in the editor. */
export interface LookAhead {
  /** Types that this Node-RED does not have. */
  missingTypes: string[];
  /** Nodes that may need credentials and come without, since the runtime does not have them now. */
  withoutCredentials: string[];
}

/** The runtime keeps the credentials of the nodes that are deployed; a snapshot's flows have none. */
export function lookAhead(
  flows: readonly FlowNode[],
  deployed: readonly FlowNode[],
  types: NodeTypes,
): LookAhead {
  const there = new Set(deployed.map(({ id }) => id));
  const missing = new Set<string>();
  const withoutCredentials: string[] = [];
  for (const node of flows) {
    const { id, type } = node;
    if (BUILT_IN.has(type) || type.startsWith('subflow:')) {
      continue;
    }
    if (!types.isKnown(type)) {
      missing.add(type);
    } else if (!there.has(id) && types.hasCredentials(type)) {
      const name = typeof node.name === 'string' && node.name !== '' ? node.name : type;
      withoutCredentials.push(name);
    }
  }
  return { missingTypes: [...missing].sort(), withoutCredentials };
}
