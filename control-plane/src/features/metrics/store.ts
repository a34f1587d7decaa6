import type { Knex } from 'knex';
import type { Minute } from './minute.ts';

const COLUMNS = {
  at: 'at',
  cpuPercent: 'cpu_percent',
  memoryBytes: 'memory_bytes',
  eventLoopDelayMs: 'event_loop_delay_ms',
  messages: 'messages',
  requests: 'requests',
};
/** SQLite takes no more rows in one statement of Knex. */
const BATCH = 200;

export class MetricsStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Minutes of instances that are gone meanwhile are left out. */
  async insert(minutes: Array<Minute & { instanceId: string }>): Promise<void> {
    for (let start = 0; start < minutes.length; start += BATCH) {
      const batch = minutes.slice(start, start + BATCH);
      const ids = batch.map(({ instanceId }) => instanceId);
      const known: Array<{ id: string }> = await this.#knex('instances').whereIn('id', ids).select('id');
      const there = new Set(known.map(({ id }) => id));
      const rows = batch.filter(({ instanceId }) => there.has(instanceId)).map(rowOf);
      if (rows.length > 0) {
        await this.#knex('instance_metrics')
          .insert(rows)
          .onConflict(['instance_id', 'at'])
          .merge(this.#merged());
      }
    }
  }

  /** A minute that one process began and the next one ended. */
  #merged() {
    const most = (column: string) =>
      this.#knex.raw(
        'case when excluded.?? > instance_metrics.?? then excluded.?? else instance_metrics.?? end',
        [column, column, column, column],
      );
    const sum = (column: string) => this.#knex.raw('excluded.?? + instance_metrics.??', [column, column]);
    return {
      cpu_percent: this.#knex.raw('(excluded.?? + instance_metrics.??) / 2', ['cpu_percent', 'cpu_percent']),
      memory_bytes: most('memory_bytes'),
      event_loop_delay_ms: most('event_loop_delay_ms'),
      messages: sum('messages'),
      requests: sum('requests'),
    };
  }

  /** Oldest first. */
  async since(instanceId: string, at: string): Promise<Minute[]> {
    const rows = await this.#knex('instance_metrics')
      .where({ instance_id: instanceId })
      .where('at', '>=', at)
      .orderBy('at')
      .select<Minute[]>(COLUMNS);
    // PostgreSQL gives large numbers as texts.
    return rows.map((row) => ({ ...row, memoryBytes: Number(row.memoryBytes) }));
  }

  async deleteBefore(at: string): Promise<void> {
    await this.#knex('instance_metrics').where('at', '<', at).delete();
  }
}

function rowOf({ instanceId, ...minute }: Minute & { instanceId: string }) {
  return {
    instance_id: instanceId,
    at: minute.at,
    cpu_percent: minute.cpuPercent,
    memory_bytes: minute.memoryBytes,
    event_loop_delay_ms: minute.eventLoopDelayMs,
    messages: minute.messages,
    requests: minute.requests,
  };
}
