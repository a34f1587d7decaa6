import {
  CONTROL_PLANE_SETTINGS,
  DEFAULT_SETTINGS,
  type DeviceTarget,
  type HostThresholds,
  type Origin,
  type ResolvedSettings,
  type SnapshotManifest,
  type TargetVariables,
  type TrialPolicy,
} from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { VariableRow } from '../instances/instance-row.ts';
import { type Level, type Resolved, resolveLevels } from '../settings/resolve-settings.ts';
import { readStored, type StoredSettings } from '../settings/stored-settings.ts';
import type { DeviceRow } from './device-row.ts';

/** What reaches a device comes from there. */
type VariablesPlace = Pick<DeviceRow, 'id' | 'teamId' | 'applicationId' | 'deviceGroupId'>;

type DevicePlace = VariablesPlace & Pick<DeviceRow, 'name' | 'applicationName' | 'deviceGroupName'>;

/** As a device of a group is that says nothing itself. */
export function placeInGroup(
  group: { id: string; name: string; teamId: string; applicationId: string | null },
  applicationName: string | null,
): DevicePlace {
  const { teamId, applicationId } = group;
  return {
    id: '',
    name: '',
    teamId,
    applicationId,
    applicationName,
    deviceGroupId: group.id,
    deviceGroupName: group.name,
  };
}

/** The variables that reach a device, by where they are set. */
export interface DeviceVariables {
  team: VariableRow[];
  application: VariableRow[];
  group: VariableRow[];
  device: VariableRow[];
}

function distinct(ids: Array<string | null>): string[] {
  return [...new Set(ids.filter((id) => id !== null))];
}

/** The variables of any number of devices, in one query. */
export async function readDeviceVariables(
  stores: Stores,
  devices: readonly VariablesPlace[],
): Promise<(device: VariablesPlace) => DeviceVariables> {
  const byOwner = new Map<string, VariableRow[]>();
  const rows = await stores.variables.ofMany({
    team: distinct(devices.map(({ teamId }) => teamId)),
    application: distinct(devices.map(({ applicationId }) => applicationId)),
    'device-group': distinct(devices.map(({ deviceGroupId }) => deviceGroupId)),
    device: devices.map(({ id }) => id),
  });
  for (const { ownerId, ...row } of rows) {
    byOwner.set(ownerId, [...(byOwner.get(ownerId) ?? []), row]);
  }
  const of = (id: string | null) => (id === null ? [] : (byOwner.get(id) ?? []));
  return ({ id, teamId, applicationId, deviceGroupId }) => ({
    team: of(teamId),
    application: of(applicationId),
    group: of(deviceGroupId),
    device: of(id),
  });
}

/** As the agent gets them: what the variables of its snapshot come before, and what comes before those. */
export function targetVariables(variables: DeviceVariables, vault: Vault): TargetVariables {
  const { team, application, group, device } = variables;
  const above = new Map(device.map((row) => [row.name, row]));
  const below = new Map([...team, ...application, ...group].map((row) => [row.name, row]));
  const values = (rows: Iterable<VariableRow>) =>
    Object.fromEntries(
      [...rows].map(({ name, value, secret }) => [name, secret ? vault.unseal(value) : value]),
    );
  return {
    below: values([...below.values()].filter(({ name }) => !above.has(name))),
    above: values(above.values()),
  };
}

function variableLevel(origin: Origin, rows: readonly VariableRow[]): Level<VariableRow> {
  return { origin, values: new Map(rows.map((row) => [row.name, { value: row }])) };
}

/** Every variable of a device with where it comes from. A snapshot's counts when it has a value. */
export function resolveDeviceVariables(
  place: DevicePlace,
  variables: DeviceVariables,
  snapshot: { id: string; name: string; variables: SnapshotManifest['variables'] } | null,
): Map<string, Resolved<VariableRow>> {
  const ofSnapshot = (snapshot?.variables ?? []).flatMap(({ name, value }) =>
    value === null ? [] : [{ name, value, secret: false }],
  );
  return resolveLevels([
    variableLevel({ kind: 'team', id: place.teamId, name: null }, variables.team),
    variableLevel(
      { kind: 'application', id: place.applicationId, name: place.applicationName },
      variables.application,
    ),
    variableLevel({ kind: 'group', id: place.deviceGroupId, name: place.deviceGroupName }, variables.group),
    variableLevel({ kind: 'snapshot', id: snapshot?.id ?? null, name: snapshot?.name ?? null }, ofSnapshot),
    variableLevel({ kind: 'device', id: place.id, name: place.name }, variables.device),
  ]);
}

type SettingsPlace = Pick<
  DeviceRow,
  'id' | 'name' | 'deviceGroupId' | 'deviceGroupName' | 'settings' | 'groupSettings'
>;

function settingLevel(origin: Origin, settings: StoredSettings): Level<unknown> {
  return {
    origin,
    values: new Map(Object.entries(settings).map(([key, value]) => [key, { value }] as const)),
  };
}

export function groupSettingsOf({ groupSettings }: Pick<DeviceRow, 'groupSettings'>): StoredSettings {
  return groupSettings === null ? {} : readStored(groupSettings);
}

/** Every setting of a device with where it comes from; of a group when the device says nothing. */
export function resolveDeviceSettings(
  place: Omit<SettingsPlace, 'settings' | 'groupSettings'>,
  group: StoredSettings,
  own: StoredSettings,
): Map<string, Resolved<unknown>> {
  return resolveLevels([
    settingLevel({ kind: 'default', id: null, name: null }, DEFAULT_SETTINGS),
    settingLevel({ kind: 'group', id: place.deviceGroupId, name: place.deviceGroupName }, group),
    settingLevel({ kind: 'device', id: place.id, name: place.name }, own),
  ]);
}

/** How the device tries a new snapshot. */
export function targetTrial(settings: DeviceTarget['settings']): TrialPolicy {
  const own = settings as Partial<ResolvedSettings>;
  const of = <Key extends keyof ResolvedSettings>(key: Key) => own[key] ?? DEFAULT_SETTINGS[key];
  const path = of('trial.probePath');
  return {
    stableSeconds: of('trial.stableSeconds'),
    startSeconds: of('trial.startSeconds'),
    allowScripts: of('trial.allowScripts'),
    probe: path === null ? null : { path, seconds: of('trial.probeSeconds') },
  };
}

const OURS: ReadonlySet<string> = new Set(CONTROL_PLANE_SETTINGS);

/** As the agent gets them: those that are set. */
export function targetSettings(device: OwnSettings): DeviceTarget['settings'] {
  return Object.fromEntries(Object.entries(ownSettings(device)).filter(([key]) => !OURS.has(key)));
}

type OwnSettings = Pick<DeviceRow, 'settings' | 'groupSettings'>;

function ownSettings(device: OwnSettings): Partial<ResolvedSettings> {
  return { ...groupSettingsOf(device), ...readStored(device.settings) } as Partial<ResolvedSettings>;
}

/** When snapshots of it are taken by themselves, and how many of them are kept. */
export function automaticSnapshots(
  device: OwnSettings,
): Pick<
  ResolvedSettings,
  'snapshots.afterDeploy' | 'snapshots.keepAuto' | 'snapshots.schedule' | 'snapshots.scheduleTimeZone'
> {
  return { ...DEFAULT_SETTINGS, ...ownSettings(device) };
}

/** From when on people want to know how its machine is. */
export function hostThresholds(device: OwnSettings): HostThresholds {
  const all = ownSettings(device);
  return {
    'alerts.memoryPercent': all['alerts.memoryPercent'] ?? null,
    'alerts.cpuPercent': all['alerts.cpuPercent'] ?? null,
    'alerts.diskPercent': all['alerts.diskPercent'] ?? null,
  };
}
