import type { Desired, DeviceMode, DeviceState } from '@flowyard/protocol';
import type { Knex } from 'knex';

/** A device with the names of what it belongs to and runs. */
export interface DeviceRow {
  id: string;
  teamId: string;
  name: string;
  type: string;
  /** Its own assignment; an assigned instance brings another one. */
  assignedApplicationId: string | null;
  applicationId: string | null;
  applicationName: string | null;
  instanceId: string | null;
  instanceName: string | null;
  deviceGroupId: string | null;
  deviceGroupName: string | null;
  labels: string[];
  /** The labels by which its group takes devices; null when people choose them. */
  groupRule: string[] | null;
  /** Sealed. */
  credentialSecret: string;
  /** What it sets itself, and what its group sets, as JSON. */
  settings: string;
  groupSettings: string | null;
  ownTargetId: string | null;
  /** What a deployment into its group told it; stands before the target of the group. */
  rolloutTargetId: string | null;
  groupTargetId: string | null;
  instanceTargetId: string | null;
  /** Whether a push brought it, and no values of variables with it; what a deployment told it always did. */
  ownTargetPushed: boolean;
  groupTargetPushed: boolean | null;
  ownTargetName: string | null;
  rolloutTargetName: string | null;
  groupTargetName: string | null;
  instanceTargetName: string | null;
  /** The name of the one that counts. */
  targetSnapshotName: string | null;
  desired: Desired;
  restarts: number;
  retries: number;
  generation: number;
  online: boolean;
  lastSeenAt: string | null;
  state: DeviceState;
  step: string | null;
  progress: number | null;
  reason: string | null;
  since: string;
  currentGeneration: number;
  runningSnapshotId: string | null;
  runningSnapshotName: string | null;
  previousSnapshotId: string | null;
  previousSnapshotName: string | null;
  /** Whether a push brought what it runs, and what it ran before. */
  runningPushed: boolean;
  previousPushed: boolean;
  failedSnapshotId: string | null;
  agentVersion: string | null;
  nodeRed: string | null;
  nodeJs: string | null;
  platform: string | null;
  clockSkewMs: number | null;
  mode: DeviceMode;
  developerSince: string | null;
  developerUntil: string | null;
  developerBy: string | null;
  runningMode: DeviceMode;
  edited: boolean;
  oldTokenUntil: string | null;
  /** The new token, sealed, until the device has taken it. */
  nextToken: string | null;
  /** JSON: what tells its machine from others; null before it said. */
  hardware: string | null;
  /** JSON: another machine that came with its identity. */
  otherMachine: string | null;
  /** JSON of FlowState: what its flows said last; null before the agent told. */
  flowState: string | null;
  /** JSON: how its machine was when it last told. */
  host: string | null;
  createdAt: string;
}

/** The columns of a device and of what it is joined with. */
export const DEVICE_COLUMNS = {
  id: 'd.id',
  teamId: 'd.team_id',
  name: 'd.name',
  type: 'd.type',
  assignedApplicationId: 'd.application_id',
  applicationId: 'a.id',
  applicationName: 'a.name',
  instanceId: 'd.instance_id',
  instanceName: 'i.name',
  deviceGroupId: 'd.device_group_id',
  deviceGroupName: 'g.name',
  labels: 'd.labels',
  groupRule: 'g.rule',
  credentialSecret: 'd.credential_secret',
  settings: 'd.settings',
  groupSettings: 'g.settings',
  ownTargetId: 'd.target_snapshot_id',
  rolloutTargetId: 'd.rollout_snapshot_id',
  groupTargetId: 'g.target_snapshot_id',
  instanceTargetId: 'i.target_snapshot_id',
  ownTargetPushed: 'd.target_pushed',
  groupTargetPushed: 'g.target_pushed',
  ownTargetName: 'ot.name',
  rolloutTargetName: 'xt.name',
  groupTargetName: 'gt.name',
  instanceTargetName: 'it.name',
  desired: 'd.desired',
  restarts: 'd.restarts',
  retries: 'd.retries',
  generation: 'd.generation',
  online: 'd.online',
  lastSeenAt: 'd.last_seen_at',
  state: 'd.state',
  step: 'd.step',
  progress: 'd.progress',
  reason: 'd.reason',
  since: 'd.since',
  currentGeneration: 'd.current_generation',
  runningSnapshotId: 'd.running_snapshot_id',
  runningSnapshotName: 'rs.name',
  previousSnapshotId: 'ps.id',
  previousSnapshotName: 'ps.name',
  runningPushed: 'd.running_pushed',
  previousPushed: 'd.previous_pushed',
  failedSnapshotId: 'd.failed_snapshot_id',
  agentVersion: 'd.agent_version',
  nodeRed: 'd.node_red',
  nodeJs: 'd.node_js',
  platform: 'd.platform',
  clockSkewMs: 'd.clock_skew_ms',
  mode: 'd.mode',
  developerSince: 'd.developer_since',
  developerUntil: 'd.developer_until',
  developerBy: 'd.developer_by',
  runningMode: 'd.running_mode',
  edited: 'd.edited',
  oldTokenUntil: 'd.old_token_until',
  nextToken: 'd.next_token',
  hardware: 'd.hardware',
  otherMachine: 'd.other_machine',
  flowState: 'd.flow_state',
  host: 'd.host',
  createdAt: 'd.created_at',
};

/** A device as its target is made of it, for many at once. */
export type TargetRow = Pick<DeviceRow, keyof typeof TARGET_COLUMNS>;

export const TARGET_COLUMNS = pick(
  'id',
  'teamId',
  'name',
  'applicationId',
  'applicationName',
  'deviceGroupId',
  'credentialSecret',
  'settings',
  'groupSettings',
  'ownTargetId',
  'rolloutTargetId',
  'groupTargetId',
  'instanceTargetId',
  'ownTargetPushed',
  'groupTargetPushed',
  'desired',
  'restarts',
  'retries',
  'generation',
  'mode',
);

/** A device as its reports are compared with it, for many at once. */
export type KnownState = Pick<DeviceRow, keyof typeof STATE_COLUMNS>;

export const STATE_COLUMNS = pick(
  'id',
  'teamId',
  'name',
  'applicationId',
  'deviceGroupId',
  'state',
  'runningSnapshotId',
  'failedSnapshotId',
  'clockSkewMs',
);

/** A device as a push into it is followed, for many at once. */
export type FollowedRow = Pick<DeviceRow, keyof typeof FOLLOWED_COLUMNS>;

export const FOLLOWED_COLUMNS = pick(
  'id',
  'name',
  'deviceGroupId',
  'settings',
  'groupSettings',
  'ownTargetId',
  'rolloutTargetId',
  'groupTargetId',
  'instanceTargetId',
  'desired',
  'mode',
  'generation',
  'online',
  'lastSeenAt',
  'state',
  'reason',
  'currentGeneration',
  'runningSnapshotId',
  'failedSnapshotId',
  'flowState',
);

function pick<Name extends keyof typeof DEVICE_COLUMNS>(...names: Name[]): Record<Name, string> {
  return Object.fromEntries(names.map((name) => [name, DEVICE_COLUMNS[name]])) as Record<Name, string>;
}

/** Brings in what a device belongs to. */
export function joinPlace(devices: Knex.QueryBuilder): Knex.QueryBuilder {
  return devices
    .leftJoin('instances as i', 'i.id', 'd.instance_id')
    .joinRaw('left join applications as a on a.id = coalesce(d.application_id, i.application_id)')
    .leftJoin('device_groups as g', 'g.id', 'd.device_group_id');
}

/** Brings in what a device belongs to, and the snapshots it runs and should run. */
export function joinAll(devices: Knex.QueryBuilder): Knex.QueryBuilder {
  return joinPlace(devices)
    .leftJoin('snapshots as ot', 'ot.id', 'd.target_snapshot_id')
    .leftJoin('snapshots as xt', 'xt.id', 'd.rollout_snapshot_id')
    .leftJoin('snapshots as gt', 'gt.id', 'g.target_snapshot_id')
    .leftJoin('snapshots as it', 'it.id', 'i.target_snapshot_id')
    .leftJoin('snapshots as rs', 'rs.id', 'd.running_snapshot_id')
    .leftJoin('snapshots as ps', (join) =>
      join.on('ps.id', 'd.previous_snapshot_id').onNull('ps.deleted_at'),
    );
}

/** As the database tells it: booleans in different ways, lists as text. */
export type StoredDevice = Omit<DeviceRow, 'labels' | 'groupRule' | 'targetSnapshotName'> & {
  labels: string;
  groupRule: string | null;
};

export function normalise(row: StoredDevice): DeviceRow {
  const names: Array<[id: string | null, name: string | null]> = [
    [row.ownTargetId, row.ownTargetName],
    [row.rolloutTargetId, row.rolloutTargetName],
    [row.groupTargetId, row.groupTargetName],
  ];
  return {
    ...row,
    online: Boolean(row.online),
    ownTargetPushed: Boolean(row.ownTargetPushed),
    groupTargetPushed: row.groupTargetPushed === null ? null : Boolean(row.groupTargetPushed),
    runningPushed: Boolean(row.runningPushed),
    previousPushed: Boolean(row.previousPushed),
    edited: Boolean(row.edited),
    labels: JSON.parse(row.labels) as string[],
    groupRule: row.groupRule === null ? null : (JSON.parse(row.groupRule) as string[]),
    targetSnapshotName: (names.find(([id]) => id !== null) ?? [null, row.instanceTargetName])[1],
  };
}
