import type { Knex } from 'knex';
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

type Fields<Told> = Record<keyof Told & string, 'text' | 'integer' | 'boolean' | 'double precision'>;

const REPORT: Fields<NewReport> = {
  deviceId: 'text',
  state: 'text',
  step: 'text',
  progress: 'double precision',
  reason: 'text',
  currentGeneration: 'integer',
  runningSnapshotId: 'text',
  runningPushed: 'boolean',
  failedSnapshotId: 'text',
  nodeRed: 'text',
  mode: 'text',
  edited: 'boolean',
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

/** The fields of JSON objects, which come as one parameter, as rows. */
function rowsOf(knex: Knex, fields: Record<string, string>): string {
  const names = Object.entries(fields);
  if (knex.client.config.client === 'pg') {
    const columns = names.map(([name, type]) => `"${name}" ${type}`);
    return `json_to_recordset(?::json) as told(${columns.join(', ')})`;
  }
  const columns = names.map(([name]) => `value ->> '${name}' as "${name}"`);
  return `(select ${columns.join(', ')} from json_each(?)) as told`;
}

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
      running_pushed = told."runningPushed",
      failed_snapshot_id = told."failedSnapshotId",
      node_red = told."nodeRed",
      running_mode = told."mode",
      edited = told."edited",
      since = coalesce(told."since", devices.since)
    from ${rowsOf(knex, REPORT)} where devices.id = told."deviceId"`,
    [JSON.stringify(reports)],
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
    from ${rowsOf(knex, CONNECTED)} where devices.id = told."deviceId"`,
    [JSON.stringify(devices)],
  );
}
