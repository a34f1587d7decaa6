import type { Knex } from 'knex';
import { type Fields, rowsOf } from '../../db/many.ts';
import type { DeviceReport } from './store.ts';

/** What one device reports; `since` is null while nothing changed that counts. */
export type NewReport = DeviceReport & { deviceId: string; since: string | null };

/** What an agent says of itself when it connects. */
export interface Connected {
  deviceId: string;
  agentVersion: string;
  nodeJs: string;
  platform: string;
  clockSkewMs: number;
  lastSeenAt: string;
}

const REPORT: Fields<NewReport> = {
  deviceId: 'text',
  state: 'text',
  step: 'text',
  progress: 'double precision',
  reason: 'text',
  currentGeneration: 'integer',
  runningSnapshotId: 'text',
  failedSnapshotId: 'text',
  nodeRed: 'text',
  mode: 'text',
  edited: 'boolean',
  flowState: 'text',
  since: 'text',
};

const CONNECTED: Fields<Connected> = {
  deviceId: 'text',
  agentVersion: 'text',
  nodeJs: 'text',
  platform: 'text',
  clockSkewMs: 'double precision',
  lastSeenAt: 'text',
};

/** The target of a device, and whether a push brought it: as `resolveTarget` and `isTargetPushed` find them. */
const TARGET = `coalesce(devices.target_snapshot_id, devices.rollout_snapshot_id,
  (select g.target_snapshot_id from device_groups g where g.id = devices.device_group_id),
  (select i.target_snapshot_id from instances i where i.id = devices.instance_id))`;
const TARGET_PUSHED = `case
  when devices.target_snapshot_id is not null then devices.target_pushed
  when devices.rollout_snapshot_id is not null then true
  else coalesce((select g.target_pushed from device_groups g
    where g.id = devices.device_group_id and g.target_snapshot_id is not null), false) end`;

/** Of an older target than the last one nobody knows any more: better no values than those of another place. */
const RUNNING_PUSHED = `case
  when told."runningSnapshotId" is null then false
  when told."runningSnapshotId" = devices.running_snapshot_id
    and (told."runningSnapshotId" <> ${TARGET} or told."currentGeneration" < devices.generation)
    then devices.running_pushed
  when told."runningSnapshotId" = ${TARGET} then ${TARGET_PUSHED}
  when told."runningSnapshotId" = devices.previous_snapshot_id then devices.previous_pushed
  else true end`;

/** Stores what devices report, of all of them with one statement: each device once. */
export async function storeReports(knex: Knex, reports: readonly NewReport[]): Promise<void> {
  await knex.raw(
    `update devices set
      state = told."state",
      step = told."step",
      progress = told."progress",
      reason = told."reason",
      current_generation = told."currentGeneration",
      running_snapshot_id = told."runningSnapshotId",
      previous_snapshot_id = case when running_snapshot_id <> told."runningSnapshotId"
        then running_snapshot_id else previous_snapshot_id end,
      previous_pushed = case when running_snapshot_id <> told."runningSnapshotId"
        then running_pushed else previous_pushed end,
      running_pushed = ${RUNNING_PUSHED},
      failed_snapshot_id = told."failedSnapshotId",
      node_red = told."nodeRed",
      running_mode = told."mode",
      edited = told."edited",
      flow_state = told."flowState",
      since = coalesce(told."since", devices.since)
    from ? where devices.id = told."deviceId"`,
    [rowsOf(knex, REPORT, reports)],
  );
}

/** Stores that devices are there, of all of them with one statement: each device once. */
export async function storeConnected(knex: Knex, devices: readonly Connected[]): Promise<void> {
  await knex.raw(
    `update devices set
      online = true,
      agent_version = told."agentVersion",
      node_js = told."nodeJs",
      platform = told."platform",
      clock_skew_ms = told."clockSkewMs",
      last_seen_at = told."lastSeenAt"
    from ? where devices.id = told."deviceId"`,
    [rowsOf(knex, CONNECTED, devices)],
  );
}
