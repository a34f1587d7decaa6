import type { Knex } from 'knex';
import { type Minute, mergeMinutes } from './minute.ts';

const COLUMNS = {
  at: 'at',
  cpuPercent: 'cpu_percent',
  memoryBytes: 'memory_bytes',
  eventLoopDelayMs: 'event_loop_delay_ms',
  messages: 'messages',
  requests: 'requests',
};
interface MetricsTable {
  table: string;
  /** The column that names whose minutes they are, and the table of those. */
  owner: string;
  of: string;
}
export const INSTANCE_METRICS: MetricsTable = {
  table: 'instance_metrics',
  owner: 'instance_id',
  of: 'instances',
};
export const DEVICE_METRICS: MetricsTable = { table: 'device_metrics', owner: 'device_id', of: 'devices' };

/** SQLite takes no more rows in one statement of Knex. */
const BATCH = 200;

export class MetricsStore {
  readonly #knex: Knex;
  readonly #at: MetricsTable;

  constructor(knex: Knex, at: MetricsTable) {
    this.#knex = knex;
    this.#at = at;
  }

  /** Minutes of what is gone meanwhile are left out. */
  async insert(minutes: Array<Minute & { ownerId: string }>): Promise<void> {
    for (let start = 0; start < minutes.length; start += BATCH) {
      const batch = minutes.slice(start, start + BATCH);
      const ids = batch.map(({ ownerId }) => ownerId);
      const known: Array<{ id: string }> = await this.#knex(this.#at.of).whereIn('id', ids).select('id');
      const there = new Set(known.map(({ id }) => id));
      const rows = mergeSame(batch.filter(({ ownerId }) => there.has(ownerId))).map((minute) =>
        this.#rowOf(minute),
      );
      if (rows.length > 0) {
        await this.#knex(this.#at.table)
          .insert(rows)
          .onConflict([this.#at.owner, 'at'])
          .merge(this.#merged());
      }
    }
  }

  /** A minute that one process began and the next one ended. */
  #merged() {
    const { table } = this.#at;
    const most = (column: string) =>
      this.#knex.raw('case when excluded.?? > ??.?? then excluded.?? else ??.?? end', [
        column,
        table,
        column,
        column,
        table,
        column,
      ]);
    const sum = (column: string) => this.#knex.raw('excluded.?? + ??.??', [column, table, column]);
    return {
      cpu_percent: this.#knex.raw('(excluded.?? + ??.??) / 2', ['cpu_percent', table, 'cpu_percent']),
      memory_bytes: most('memory_bytes'),
      event_loop_delay_ms: most('event_loop_delay_ms'),
      messages: sum('messages'),
      requests: sum('requests'),
    };
  }

  /** Oldest first. */
  async since(ownerId: string, at: string): Promise<Minute[]> {
    const rows = await this.#knex(this.#at.table)
      .where({ [this.#at.owner]: ownerId })
      .where('at', '>=', at)
      .orderBy('at')
      .select<Minute[]>(COLUMNS);
    // PostgreSQL gives large numbers as texts.
    return rows.map((row) => ({
      ...row,
      memoryBytes: Number(row.memoryBytes),
      messages: Number(row.messages),
      requests: Number(row.requests),
    }));
  }

  async deleteBefore(at: string): Promise<void> {
    await this.#knex(this.#at.table).where('at', '<', at).delete();
  }

  #rowOf({ ownerId, ...minute }: Minute & { ownerId: string }) {
    return {
      [this.#at.owner]: ownerId,
      at: minute.at,
      cpu_percent: minute.cpuPercent,
      memory_bytes: minute.memoryBytes,
      event_loop_delay_ms: minute.eventLoopDelayMs,
      messages: minute.messages,
      requests: minute.requests,
    };
  }
}

/** One statement must not write the same row twice: a clock that was set back made two of one minute. */
function mergeSame(minutes: Array<Minute & { ownerId: string }>): Array<Minute & { ownerId: string }> {
  const merged = new Map<string, Minute & { ownerId: string }>();
  for (const minute of minutes) {
    const key = `${minute.ownerId} ${minute.at}`;
    const before = merged.get(key);
    merged.set(key, before === undefined ? minute : { ...minute, ...mergeMinutes([before, minute]) });
  }
  return [...merged.values()];
}
