import type { DeviceCurrent, SnapshotManifest } from '@flowyard/protocol';
import type { DeviceRow, KnownState } from './device-row.ts';

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

/** Whether a push brought what a device says that it runs. */
export function isRunningPushed(
  known: KnownState,
  current: Pick<DeviceCurrent, 'generation' | 'snapshotId'>,
  targetId: string | null,
): boolean {
  const runsTarget = current.snapshotId === targetId;
  if (
    current.snapshotId === known.runningSnapshotId &&
    !(runsTarget && current.generation >= known.generation)
  ) {
    return Boolean(known.runningPushed);
  }
  if (runsTarget) {
    return isTargetPushed(known);
  }
  // An older target than the last one is known no more: better no values than those of another place.
  return current.snapshotId === known.previousSnapshotId ? Boolean(known.previousPushed) : true;
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
