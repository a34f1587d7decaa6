import type { Knex } from 'knex';
import { isPostgres } from '../../db/dialect.ts';
import type { AuditStreamRow } from './store.ts';

/** Who delivers, and until when. */
export interface Lease {
  owner: string;
  until: string;
}

/** How far a stream has come. */
export interface Progress {
  cursor: number;
  missing: number;
  /** Of the newest entry that arrived; null when entries were only passed over. */
  last: { sequence: number; entryAt: string; at: string } | null;
}

export interface Failure {
  attempts: number;
  nextAt: string;
  since: string;
  error: string;
}

type Taken = Pick<AuditStreamRow, 'id' | 'revision'>;

/** What becomes of deliveries: one process at a time has a stream, and only what it took it moves. */
export class DeliveryStateStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Whether there is any stream to deliver. */
  async hasActive(): Promise<boolean> {
    return (await this.#knex('audit_streams').where({ active: true }).first('id')) !== undefined;
  }

  /** Streams with something to deliver that nobody delivers now, those that wait longest first. */
  async due(now: string, limit: number): Promise<string[]> {
    const newer = this.#knex('audit_chain as c').whereRaw('c.sequence > s.cursor').select('c.sequence');
    const newerOfTeam = newer.clone().whereRaw('c.team_id = s.team_id');
    const rows = await this.#knex('audit_streams as s')
      .where({ 's.active': true })
      .where('s.next_at', '<=', now)
      .where((free) => free.whereNull('s.lease_until').orWhere('s.lease_until', '<', now))
      .where((where) =>
        where
          .where((platform) => platform.whereNull('s.team_id').whereExists(newer))
          .orWhere((team) => team.whereNotNull('s.team_id').whereExists(newerOfTeam)),
      )
      .orderBy('s.next_at')
      .limit(limit)
      .select<Array<{ id: string }>>('s.id');
    return rows.map(({ id }) => id);
  }

  /** Takes a stream, or keeps it, unless another process has it or it is to rest. */
  async take(id: string, { owner, until }: Lease, now: string): Promise<boolean> {
    const taken = await this.#knex('audit_streams')
      .where({ id, active: true })
      .where('next_at', '<=', now)
      .where((free) =>
        free.whereNull('lease_until').orWhere('lease_until', '<', now).orWhere({ lease_owner: owner }),
      )
      .update({ lease_owner: owner, lease_until: until });
    return taken === 1;
  }

  /** With SQLite there is one process: what another one took, it did not end in order. */
  async endLeasesOfBefore(): Promise<void> {
    if (!isPostgres(this.#knex)) {
      await this.#knex('audit_streams').update({ lease_owner: null, lease_until: null });
    }
  }

  async release(id: string, owner: string): Promise<void> {
    await this.#knex('audit_streams')
      .where({ id, lease_owner: owner })
      .update({ lease_owner: null, lease_until: null });
  }

  /** @returns whether it counts: nobody changed the stream or took it meanwhile */
  async proceed(stream: Taken, owner: string, { cursor, missing, last }: Progress): Promise<boolean> {
    return this.#move(stream, owner, {
      cursor,
      missing,
      ...(last && {
        last_sequence: last.sequence,
        last_entry_at: last.entryAt,
        delivered_at: last.at,
        attempts: 0,
        failing_since: null,
        error: null,
        told: false,
      }),
    });
  }

  async fail(stream: Taken, owner: string, failure: Failure): Promise<boolean> {
    return this.#move(stream, owner, {
      attempts: failure.attempts,
      next_at: failure.nextAt,
      failing_since: failure.since,
      error: failure.error,
    });
  }

  /** Notes that people are told. @returns false when they were */
  async tell(stream: Taken): Promise<boolean> {
    const { id, revision } = stream;
    return (
      (await this.#knex('audit_streams').where({ id, revision, told: false }).update({ told: true })) === 1
    );
  }

  async switchOff(stream: Taken, owner: string, failure: Failure): Promise<boolean> {
    return this.#move(stream, owner, {
      active: false,
      attempts: failure.attempts,
      failing_since: failure.since,
      error: failure.error,
      told: true,
    });
  }

  async #move({ id, revision }: Taken, owner: string, columns: object): Promise<boolean> {
    const moved = await this.#knex('audit_streams')
      .where({ id, revision, lease_owner: owner })
      .update(columns);
    return moved === 1;
  }
}
