import type { TriggerKind } from '@flowyard/protocol';
import type { Knex } from 'knex';

export interface TriggerRow {
  id: string;
  stageId: string;
  kind: TriggerKind;
  tokenHash: string | null;
  cron: string | null;
  timeZone: string | null;
  author: string;
  authorId: string;
  createdAt: string;
  nextAt: string | null;
  /** The newest snapshot that it has pushed, or that was there before it. */
  lastSnapshotId: string | null;
  lastAt: string | null;
  lastProblem: string | null;
}

const COLUMNS = {
  id: 'id',
  stageId: 'stage_id',
  kind: 'kind',
  tokenHash: 'token_hash',
  cron: 'cron',
  timeZone: 'time_zone',
  author: 'author',
  authorId: 'author_id',
  createdAt: 'created_at',
  nextAt: 'next_at',
  lastSnapshotId: 'last_snapshot_id',
  lastAt: 'last_at',
  lastProblem: 'last_problem',
};

/** What came of a trigger that was pulled. */
export type TriggerOutcome = Pick<TriggerRow, 'lastAt' | 'lastProblem'> &
  Partial<Pick<TriggerRow, 'nextAt' | 'lastSnapshotId'>>;

export class StageTriggerStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(row: TriggerRow): Promise<void> {
    await this.#knex('stage_triggers').insert(
      Object.fromEntries(
        Object.entries(COLUMNS).map(([name, column]) => [column, row[name as keyof TriggerRow]]),
      ),
    );
  }

  of(stageId: string): Promise<TriggerRow[]> {
    return this.#knex('stage_triggers')
      .where({ stage_id: stageId })
      .orderBy('id')
      .select<TriggerRow[]>(COLUMNS);
  }

  async findByToken(tokenHash: string): Promise<TriggerRow | null> {
    return (
      (await this.#knex('stage_triggers').where({ token_hash: tokenHash }).first<TriggerRow>(COLUMNS)) ?? null
    );
  }

  async delete(id: string): Promise<void> {
    await this.#knex('stage_triggers').where({ id }).delete();
  }

  /** Those that look for themselves whether there is something to push: due schedules, and all on snapshots. */
  watching(now: string): Promise<TriggerRow[]> {
    return this.#knex('stage_triggers')
      .where((where) =>
        where
          .where({ kind: 'snapshot' })
          .orWhere((due) => due.where({ kind: 'schedule' }).where('next_at', '<=', now)),
      )
      .where((free) => free.whereNull('claimed_until').orWhere('claimed_until', '<', now))
      .orderBy('id')
      .select<TriggerRow[]>(COLUMNS);
  }

  /** Of several processes that would pull it at the same time only one may; false for the others. */
  async claim(id: string, now: string, until: string): Promise<boolean> {
    const changed = await this.#knex('stage_triggers')
      .where({ id })
      .where((free) => free.whereNull('claimed_until').orWhere('claimed_until', '<', now))
      .update({ claimed_until: until });
    return changed === 1;
  }

  /**
   * Writes down what came of it and gives it back; false when somebody else did so since it was read, for the same time
   * or the same snapshot. A webhook pushes at each request.
   */
  async settle(
    { id, kind, nextAt: seenNextAt, lastSnapshotId: seenSnapshotId }: TriggerRow,
    { lastAt, lastProblem, nextAt, lastSnapshotId }: TriggerOutcome,
  ): Promise<boolean> {
    const asSeen = kind === 'webhook' ? {} : { next_at: seenNextAt, last_snapshot_id: seenSnapshotId };
    const changed = await this.#knex('stage_triggers')
      .where({ id, ...asSeen })
      .update({
        last_at: lastAt,
        last_problem: lastProblem,
        claimed_until: null,
        ...(nextAt !== undefined && { next_at: nextAt }),
        ...(lastSnapshotId !== undefined && { last_snapshot_id: lastSnapshotId }),
      });
    return changed === 1;
  }

  /** Gives it back as it was: there was nothing to do, or it cannot be done yet. */
  async release(id: string): Promise<void> {
    await this.#knex('stage_triggers').where({ id }).update({ claimed_until: null });
  }
}
