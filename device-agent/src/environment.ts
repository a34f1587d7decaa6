import type { DeviceTarget } from '@flowyard/protocol';
import type { DeviceIdentity } from './device-file.ts';
import type { TargetSnapshot } from './release/release.ts';
import { completeSettings, type Surroundings, variablesFor } from './surroundings.ts';

/** Changes with each snapshot, so a flow that reads it needs a start of its own. */
export const SNAPSHOT_VARIABLE = 'FLOWYARD_SNAPSHOT_ID';

/** What flows find in their environment: who they are, and their variables. */
export function buildEnvironment(
  identity: DeviceIdentity,
  device: DeviceTarget['device'] | null,
  snapshot: TargetSnapshot,
  surroundings: Surroundings,
): Record<string, string> {
  const timeZone = completeSettings(surroundings)['runtime.timeZone'];
  return {
    ...variablesFor(snapshot, surroundings),
    ...(timeZone !== null && { TZ: timeZone }),
    FLOWYARD_URL: identity.url,
    FLOWYARD_TOKEN: identity.token,
    FLOWYARD_DEVICE_ID: identity.id,
    FLOWYARD_DEVICE_NAME: device?.name ?? '',
    FLOWYARD_APPLICATION_NAME: device?.applicationName ?? '',
    FLOWYARD_TEAM_ID: device?.teamId ?? '',
    [SNAPSHOT_VARIABLE]: snapshot.id,
  };
}
