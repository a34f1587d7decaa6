import type { ContentsComparison } from '@flowyard/protocol';

const BESIDE = ['settings', 'variables', 'modules', 'runtime'] as const;
/** A part of a snapshot beside its flows and credentials. */
export type BesideFlows = (typeof BESIDE)[number];

/** The parts that differ, as far as it is known; null where they may differ and nobody knows. */
export function differsBeside(contents: ContentsComparison): BesideFlows[] | null {
  const { settings, variables, modules, lock, runtime } = contents;
  const differs: Record<BesideFlows, boolean> = {
    settings: (settings ?? []).length > 0,
    variables: variables.some(({ change }) => change !== 'unknown'),
    modules: modules.length > 0 || lock === 'changed',
    runtime: runtime.length > 0,
  };
  const known = BESIDE.filter((part) => differs[part]);
  const isUnsure = settings === null || variables.some(({ change }) => change === 'unknown');
  return known.length === 0 && isUnsure ? null : known;
}
