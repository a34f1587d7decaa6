import type { FlowsComparison, NodeChange, WireChange } from '@flowyard/protocol';

/** A change to step to, with the flow on which it is shown. */
export interface Step {
  flowId: string | null;
  flowName: string;
  node: NodeChange;
}

export function stepsOf(comparison: FlowsComparison): Step[] {
  return comparison.flows.flatMap(({ id, name, nodes }) =>
    nodes.map((node) => ({ flowId: id, flowName: name, node })),
  );
}

const KIND_WORDS: Record<NodeChange['kind'], string> = {
  tab: 'flow',
  subflow: 'subflow',
  group: 'group',
  config: 'configuration',
  node: '',
};

/** What it is beside its name: its type, unless the name says that already. */
export function kindInWords({ kind, type, name }: NodeChange): string {
  const word = KIND_WORDS[kind];
  return word !== '' && kind !== 'config'
    ? word
    : [name === type ? '' : type, word].filter(Boolean).join(' · ');
}

/** What happened to it in a few words. */
export function changeInWords(change: NodeChange): string {
  if (change.change === 'added' || change.change === 'removed') {
    return change.change;
  }
  const parts = [
    ...change.properties.map(({ name }) => name),
    ...(change.wires.length > 0 ? ['wires'] : []),
    ...(change.members.length > 0 ? ['nodes in it'] : []),
    ...(change.flow === null ? [] : [`moved to ${change.flow.after.name}`]),
    ...(change.place !== null && change.flow === null ? ['position'] : []),
  ];
  return parts.length > 3 ? `${parts.slice(0, 3).join(', ')} and ${parts.length - 3} more` : parts.join(', ');
}

export function wireInWords({ kind, change, from, to }: WireChange, ownId: string): string {
  const outOf = from.id === ownId && from.port > 0 ? ` from output ${from.port + 1}` : '';
  const what = kind === 'link' ? 'link' : 'wire';
  return from.id === ownId
    ? `${what}${outOf} to “${to.name}” ${change}`
    : `${what} from “${from.name}” ${change}`;
}
