import type { DryRunView, PushEffect, SnapshotManifest } from '@flowyard/protocol';
import type { FollowedRow } from '../devices/device-row.ts';

type Shown = DryRunView['targets'][number];
type Judged = Pick<Shown, 'effect' | 'reason'>;
type Parts = Pick<SnapshotManifest, 'flows' | 'modules' | 'lock' | 'nodeRed' | 'variables' | 'credentials'>;

/** What a push does to a hosted instance; its Node-RED stays that of its stack, and values stay as they are. */
export function effectOnInstance(
  current: Parts,
  pushed: Parts,
  { isRunning }: { isRunning: boolean },
): Judged {
  const known = new Set(current.variables.map(({ name }) => name));
  const changes = {
    flows: current.flows !== pushed.flows || pushed.credentials !== null,
    modules: differ(current.modules, pushed.modules),
    variables: pushed.variables.some(({ name }) => !known.has(name)),
  };
  const effect = effectOf(changes);
  return isRunning || effect === 'nothing'
    ? { effect, reason: null }
    : { effect: 'later', reason: 'It does not run; it has the flows when it is started.' };
}

type DeviceFacts = Pick<FollowedRow, 'online' | 'desired' | 'mode' | 'runningSnapshotId'>;

/**
 * What a push does to a device; `current` is of the snapshot that it runs, null when it runs none or that is gone. Its
 * variables, as those that are pushed, are as the agent of the device gets them.
 */
export function effectOnDevice(
  device: DeviceFacts,
  current: Parts | null,
  pushed: Parts & { snapshotId: string | null },
): Judged {
  if (device.mode === 'developer') {
    return { effect: 'later', reason: 'It is in developer mode; it takes the snapshot when that ends.' };
  }
  const isThere = pushed.snapshotId !== null && device.runningSnapshotId === pushed.snapshotId;
  const variables = current !== null && differ(current.variables, pushed.variables);
  if (isThere && !variables) {
    return { effect: 'nothing', reason: null };
  }
  if (!device.online) {
    return { effect: 'later', reason: 'It is offline; it takes the snapshot when it comes back.' };
  }
  if (device.desired !== 'running') {
    return { effect: 'later', reason: 'It is stopped; it runs the snapshot when it is started.' };
  }
  if (current === null) {
    return { effect: 'install', reason: null };
  }
  const effect = effectOf({
    flows: !isThere,
    modules:
      differ(current.modules, pushed.modules) ||
      current.lock !== pushed.lock ||
      current.nodeRed !== pushed.nodeRed,
    variables,
  });
  return { effect, reason: null };
}

function effectOf(changes: { flows: boolean; modules: boolean; variables: boolean }): PushEffect {
  if (changes.modules) {
    return 'install';
  }
  if (changes.variables) {
    return 'restart';
  }
  return changes.flows ? 'flows' : 'nothing';
}

function differ(before: object, after: object): boolean {
  const ordered = (value: object) =>
    JSON.stringify(Array.isArray(value) ? value : Object.entries(value).sort());
  return ordered(before) !== ordered(after);
}

/** How many there are of each effect. */
export function countEffects(targets: readonly Judged[]): DryRunView['effects'] {
  const counts = { nothing: 0, flows: 0, restart: 0, install: 0, later: 0 };
  for (const { effect } of targets) {
    counts[effect]++;
  }
  return counts;
}
