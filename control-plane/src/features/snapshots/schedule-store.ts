import type { Knex } from 'knex';

/** When the next snapshot of an instance or device is due, and by which schedule that was worked out. */
export interface ScheduleRow {
  ownerId: string;
  expression: string;
  timeZone: string | null;
  nextAt: string;
}

const MENTIONS = '%"snapshots.schedule"%';

/** Those that may have a schedule: some settings that reach them speak of one. */
type Candidates = (knex: Knex) => Knex.QueryBuilder;

/** The schedules of one kind of owner. */
export class ScheduleStore {
  readonly #knex: Knex;
  readonly #table: string;
  readonly #owner: string;
  readonly #candidates: Candidates;

  private constructor(knex: Knex, table: string, owner: string, candidates: Candidates) {
    this.#knex = knex;
    this.#table = table;
    this.#owner = owner;
    this.#candidates = candidates;
  }

  static ofInstances(knex: Knex): ScheduleStore {
    return new ScheduleStore(knex, 'snapshot_schedules', 'instance_id', instancesWithSchedule);
  }

  static ofDevices(knex: Knex): ScheduleStore {
    return new ScheduleStore(knex, 'device_snapshot_schedules', 'device_id', devicesWithSchedule);
  }

  async candidates(): Promise<string[]> {
    const rows = await this.#candidates(this.#knex).select<Array<{ id: string }>>('id');
    return rows.map(({ id }) => id);
  }

  async all(): Promise<Map<string, ScheduleRow>> {
    const rows = await this.#knex(this.#table).select<ScheduleRow[]>({
      ownerId: this.#owner,
      expression: 'expression',
      timeZone: 'time_zone',
      nextAt: 'next_at',
    });
    return new Map(rows.map((row) => [row.ownerId, row]));
  }

  async put(row: ScheduleRow): Promise<void> {
    await this.#knex(this.#table)
      .insert({
        [this.#owner]: row.ownerId,
        expression: row.expression,
        time_zone: row.timeZone,
        next_at: row.nextAt,
      })
      .onConflict(this.#owner)
      .merge();
  }

  /** Moves a schedule on to its next time. @returns whether nobody else did so before */
  async claim({ ownerId, nextAt }: ScheduleRow, following: string): Promise<boolean> {
    const claimed = await this.#knex(this.#table)
      .where({ [this.#owner]: ownerId, next_at: nextAt })
      .update({ next_at: following });
    return claimed === 1;
  }

  async delete(ownerIds: string[]): Promise<void> {
    await this.#knex(this.#table).whereIn(this.#owner, ownerIds).delete();
  }
}

function instancesWithSchedule(knex: Knex): Knex.QueryBuilder {
  const templates = knex('template_versions').where('content', 'like', MENTIONS).select('template_id');
  return knex('instances')
    .whereNull('deleted_at')
    .where((where) => where.where('settings', 'like', MENTIONS).orWhereIn('template_id', templates));
}

function devicesWithSchedule(knex: Knex): Knex.QueryBuilder {
  const groups = knex('device_groups').where('settings', 'like', MENTIONS).select('id');
  return knex('devices').where((where) =>
    where.where('settings', 'like', MENTIONS).orWhereIn('device_group_id', groups),
  );
}
