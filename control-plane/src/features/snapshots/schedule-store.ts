import type { Knex } from 'knex';

/** When the next snapshot of an instance is due, and by which schedule that was worked out. */
export interface ScheduleRow {
  instanceId: string;
  expression: string;
  timeZone: string | null;
  nextAt: string;
}

const COLUMNS = {
  instanceId: 'instance_id',
  expression: 'expression',
  timeZone: 'time_zone',
  nextAt: 'next_at',
};
const MENTIONS = '%"snapshots.schedule"%';

export class ScheduleStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Instances that may have a schedule: their settings or a version of their template speak of one. */
  async candidates(): Promise<string[]> {
    const rows = await this.#knex('instances')
      .whereNull('deleted_at')
      .where((where) => {
        where
          .where('settings', 'like', MENTIONS)
          .orWhereIn(
            'template_id',
            this.#knex('template_versions').where('content', 'like', MENTIONS).select('template_id'),
          );
      })
      .select<Array<{ id: string }>>('id');
    return rows.map(({ id }) => id);
  }

  async all(): Promise<Map<string, ScheduleRow>> {
    const rows = await this.#knex('snapshot_schedules').select<ScheduleRow[]>(COLUMNS);
    return new Map(rows.map((row) => [row.instanceId, row]));
  }

  async put(row: ScheduleRow): Promise<void> {
    await this.#knex('snapshot_schedules')
      .insert({
        instance_id: row.instanceId,
        expression: row.expression,
        time_zone: row.timeZone,
        next_at: row.nextAt,
      })
      .onConflict('instance_id')
      .merge();
  }

  /** Moves a schedule on to its next time. @returns whether nobody else did so before */
  async claim({ instanceId, nextAt }: ScheduleRow, following: string): Promise<boolean> {
    const claimed = await this.#knex('snapshot_schedules')
      .where({ instance_id: instanceId, next_at: nextAt })
      .update({ next_at: following });
    return claimed === 1;
  }

  async delete(instanceIds: string[]): Promise<void> {
    await this.#knex('snapshot_schedules').whereIn('instance_id', instanceIds).delete();
  }
}
