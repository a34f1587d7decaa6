import type { FlowNode } from '@flowyard/protocol';

/** Kinds that every editor has. */
const BUILT_IN: ReadonlySet<string> = new Set(['tab', 'subflow', 'group', 'junction']);
const SUBFLOW = 'subflow:';

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
  /** Nodes that may have credentials now, which the runtime forgets once others are deployed. */
  losingCredentials: string[];
}

function nameOf({ name, type }: FlowNode): string {
  return typeof name === 'string' && name !== '' ? name : type;
}

function isMissing(type: string, subflows: ReadonlySet<string>, { isKnown }: NodeTypes): boolean {
  if (type.startsWith(SUBFLOW)) {
    return !subflows.has(type.slice(SUBFLOW.length));
  }
  return !BUILT_IN.has(type) && !isKnown(type);
}

/** The names of the nodes of one that are not in the other and may have credentials. */
function onlyIn(one: readonly FlowNode[], other: readonly FlowNode[], types: NodeTypes): string[] {
  const there = new Set(other.map(({ id }) => id));
  return one
    .filter(({ id, type }) => !there.has(id) && types.isKnown(type) && types.hasCredentials(type))
    .map(nameOf);
}

/** The runtime keeps the credentials of the nodes that are deployed; a snapshot's flows have none. */
export function lookAhead(
  flows: readonly FlowNode[],
  deployed: readonly FlowNode[],
  types: NodeTypes,
): LookAhead {
  const subflows = new Set(flows.filter(({ type }) => type === 'subflow').map(({ id }) => id));
  const missing = flows.map(({ type }) => type).filter((type) => isMissing(type, subflows, types));
  return {
    missingTypes: [...new Set(missing)].sort(),
    withoutCredentials: onlyIn(flows, deployed, types),
    losingCredentials: onlyIn(deployed, flows, types),
  };
}
