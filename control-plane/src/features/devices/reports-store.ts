import type { Knex } from 'knex';
import type { DeviceReport } from './store.ts';

/** What one device reports; `since` is null while nothing changed that counts. */
export type NewReport = DeviceReport & { deviceId: string; since: string | null };

const FIELDS = {
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
  since: 'text',
} as const satisfies Record<keyof NewReport, string>;

/** The fields of JSON objects, which come as one parameter, as rows. */
function rowsOf(knex: Knex): string {
  const names = Object.entries(FIELDS);
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
      failed_snapshot_id = told."failedSnapshotId",
      node_red = told."nodeRed",
      running_mode = told."mode",
      edited = told."edited",
      since = coalesce(told."since", devices.since)
    from ${rowsOf(knex)} where devices.id = told."deviceId"`,
    [JSON.stringify(reports)],
  );
}
