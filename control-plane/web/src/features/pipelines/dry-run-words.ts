import type { ContentsComparison, NodeChange, VersionChange } from '@flowyard/protocol';
import { count } from '../../shared/format.ts';

const SHOWN = 100;

/** One node that a push changes, for a list. */
export interface ChangeLine {
  change: NodeChange['change'];
  name: string;
  /** Its type and the flow that it is on. */
  where: string;
}

/** What a push changes in flows and variables, in words. */
export function changeWords({ flows, variables }: Pick<ContentsComparison, 'flows' | 'variables'>): {
  summary: string[];
  details: ChangeLine[];
  total: number;
} {
  const { added, removed, changed, moved } = flows.counts;
  const parts = [
    [added, 'added'],
    [removed, 'removed'],
    [changed, 'changed'],
    [moved, 'moved'],
  ] as const;
  const nodes = parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`);
  const names = variables.filter(({ change }) => change === 'added').map(({ name }) => name);
  const lines = flows.flows.flatMap(({ name: flow, nodes: all }) =>
    all.map(({ change, name, type }) => ({ change, name, where: `${type} on ${flow}` })),
  );
  return {
    summary: [
      ...(nodes.length > 0 ? [`Nodes: ${nodes.join(', ')}`] : []),
      ...(names.length > 0 ? [`${count(names.length, 'new variable')}, empty: ${names.join(', ')}`] : []),
    ],
    details: lines.slice(0, SHOWN),
    total: lines.length,
  };
}

const MODULE_WORDS: Record<VersionChange['change'], (module: VersionChange) => string> = {
  added: ({ name, after }) => `Installs ${name} ${after}`,
  removed: ({ name, before }) => `Removes ${name} ${before}`,
  changed: ({ name, before, after }) => `Changes ${name} from ${before} to ${after}`,
};

/** What becomes of modules, one line for each. */
export function moduleWords(modules: readonly VersionChange[]): string[] {
  return modules.map((module) => MODULE_WORDS[module.change](module));
}
