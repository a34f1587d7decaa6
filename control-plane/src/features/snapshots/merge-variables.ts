import type { SnapshotManifest } from '@flowyard/protocol';
import type { VariableRow } from '../instances/instance-row.ts';

/** What applying a snapshot to an instance does to its variables. */
export type VariablePolicy =
  /** As they were when the snapshot was taken; secrets keep their values. */
  | 'restore'
  /** Names that are missing are added, empty; values are never touched. */
  | 'names-only';

/** Variables of an instance after a snapshot was applied to it, ordered by name. */
export function mergeVariables(
  before: VariableRow[],
  snapshot: SnapshotManifest['variables'],
  policy: VariablePolicy,
): VariableRow[] {
  const known = new Map(before.map((row) => [row.name, row]));
  const after = new Map(
    policy === 'names-only' ? known : before.filter((row) => row.secret).map((row) => [row.name, row]),
  );
  for (const { name, value } of snapshot) {
    const restored =
      policy === 'restore' && value !== null ? { name, value, secret: false } : known.get(name);
    after.set(name, restored ?? { name, value: '', secret: false });
  }
  return byName([...after.values()]);
}

/** Databases order texts differently; this order is ours. */
export function byName(rows: VariableRow[]): VariableRow[] {
  return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
}
