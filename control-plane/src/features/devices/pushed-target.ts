import type { SnapshotManifest } from '@flowyard/protocol';
import type { DeviceRow } from './device-row.ts';

/** What something should run, and whether a push brought it: then no values of variables came with it. */
export interface WantedSnapshot {
  snapshotId: string | null;
  pushed: boolean;
}

type Pushed = Pick<
  DeviceRow,
  'ownTargetId' | 'rolloutTargetId' | 'groupTargetId' | 'ownTargetPushed' | 'groupTargetPushed'
>;

/** Whether a push brought the target of a device; that of its instance somebody has set. */
export function isTargetPushed(row: Pushed): boolean {
  if (row.ownTargetId !== null) {
    return Boolean(row.ownTargetPushed);
  }
  return row.rolloutTargetId !== null || (row.groupTargetId !== null && Boolean(row.groupTargetPushed));
}

/** The variables of a snapshot as they count on a device. */
export function variablesAsRun(
  variables: SnapshotManifest['variables'],
  pushed: boolean,
): SnapshotManifest['variables'] {
  return pushed ? variables.map(({ name, secret }) => ({ name, value: null, secret })) : variables;
}

/** The same as its agent gets them. */
export function variablesForAgent(
  variables: SnapshotManifest['variables'],
  pushed: boolean,
): SnapshotManifest['variables'] {
  return variablesAsRun(variables, pushed).map(({ name, value, secret }) => ({ name, value, secret }));
}
