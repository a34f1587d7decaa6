import {
  DEFAULT_SETTINGS,
  DEVICE_LIVE_SETTINGS,
  type DeviceTarget,
  type ResolvedSettings,
  SETTING_KEYS,
} from '@flowyard/protocol';
import type { TargetSnapshot } from './release/release.ts';

/** What Node-RED is started with beside its release. A change of it needs a start, and nothing to be installed. */
export type Surroundings = Pick<DeviceTarget, 'variables' | 'settings'>;

export const NO_SURROUNDINGS: Surroundings = { variables: { below: {}, above: {} }, settings: {} };

/** Settings of the supervisor and of trials, which are looked up whenever they are needed. */
const LIVE_KEYS: ReadonlySet<string> = new Set(DEVICE_LIVE_SETTINGS);

export function surroundingsOf({ variables, settings }: DeviceTarget): Surroundings {
  return { variables, settings };
}

/** The variables that flows find: those of the snapshot lie between what many devices have and what this one has. */
export function variablesFor(snapshot: TargetSnapshot, { variables }: Surroundings): Record<string, string> {
  const ofSnapshot = snapshot.manifest.variables.flatMap(({ name, value }) =>
    value === null ? [] : [[name, value] as const],
  );
  return { ...variables.below, ...Object.fromEntries(ofSnapshot), ...variables.above };
}

/** All settings; those that this version of the agent does not know are left out. */
export function completeSettings({ settings }: Surroundings): ResolvedSettings {
  const known = SETTING_KEYS.filter((key) => settings[key] !== undefined).map((key) => [key, settings[key]]);
  return { ...DEFAULT_SETTINGS, ...(Object.fromEntries(known) as Partial<ResolvedSettings>) };
}

function sorted(values: Record<string, unknown>): [string, unknown][] {
  return Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
}

function startFacts(snapshot: TargetSnapshot, surroundings: Surroundings): string {
  const settings = sorted(completeSettings(surroundings)).filter(([key]) => !LIVE_KEYS.has(key));
  return JSON.stringify([sorted(variablesFor(snapshot, surroundings)), settings]);
}

/** Whether a process of this snapshot is the same, started with the one or the other. */
export function startsAlike(snapshot: TargetSnapshot, a: Surroundings, b: Surroundings): boolean {
  return startFacts(snapshot, a) === startFacts(snapshot, b);
}
