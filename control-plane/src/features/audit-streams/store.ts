import { type ListQuery, MOST_WAITING_ENTRIES, type Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { isPostgres } from '../../db/dialect.ts';
import { readPage } from '../../db/paging.ts';

export interface AuditStreamRow {
  id: string;
  /** Null for one of the whole platform. */
  teamId: string | null;
  name: string;
  url: string;
  /** Sealed. */
  secret: string;
  active: boolean;
  /** Up to and with which link of the chain it was delivered or passed over. */
  cursor: number;
  /** Entries that were passed over and of which the receiver was not told yet. */
  missing: number;
  revision: number;
  lastSequence: number | null;
  lastEntryAt: string | null;
  deliveredAt: string | null;
  attempts: number;
  nextAt: string;
  failingSince: string | null;
  error: string | null;
  /** Whether people were told that it fails. */
  told: boolean;
  createdAt: string;
}

export type NewAuditStream = Pick<
  AuditStreamRow,
  'id' | 'teamId' | 'name' | 'url' | 'secret' | 'cursor' | 'createdAt'
>;

const COLUMNS = {
  id: 's.id',
  teamId: 's.team_id',
  name: 's.name',
  url: 's.url',
  secret: 's.secret',
  active: 's.active',
  cursor: 's.cursor',
  missing: 's.missing',
  revision: 's.revision',
  lastSequence: 's.last_sequence',
  lastEntryAt: 's.last_entry_at',
  deliveredAt: 's.delivered_at',
  attempts: 's.attempts',
  nextAt: 's.next_at',
  failingSince: 's.failing_since',
  error: 's.error',
  told: 's.told',
  createdAt: 's.created_at',
};
/** Any number that nothing else in the database locks. */
const PLATFORM_STREAMS_LOCK = 4_182_002;
const WELL = { attempts: 0, failing_since: null, error: null, told: false };

function read(row: AuditStreamRow): AuditStreamRow {
  return { ...row, active: Boolean(row.active), told: Boolean(row.told) };
}

/** Audit streams as people make and change them. How they are delivered is in `DeliveryStateStore`. */
export class AuditStreamStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(row: NewAuditStream): Promise<void> {
    await this.#knex('audit_streams').insert({
      id: row.id,
      team_id: row.teamId,
      name: row.name,
      url: row.url,
      secret: row.secret,
      active: true,
      cursor: row.cursor,
      next_at: row.createdAt,
      created_at: row.createdAt,
    });
  }

  /** Until the end of the transaction nobody else makes one of the platform. */
  async lockPlatform(): Promise<void> {
    if (isPostgres(this.#knex)) {
      await this.#knex.raw('select pg_advisory_xact_lock(?)', [PLATFORM_STREAMS_LOCK]);
    }
  }

  async find(id: string): Promise<AuditStreamRow | null> {
    const row = await this.#knex('audit_streams as s').where('s.id', id).first<AuditStreamRow>(COLUMNS);
    return row ? read(row) : null;
  }

  async countOf(teamId: string | null): Promise<number> {
    const row = await this.#knex('audit_streams').where({ team_id: teamId }).count({ n: '*' }).first();
    return Number(row?.n ?? 0);
  }

  async list(teamId: string | null, query: ListQuery): Promise<Page<AuditStreamRow>> {
    const page = await readPage<AuditStreamRow>(this.#knex('audit_streams as s').where('s.team_id', teamId), {
      query,
      sort: 's.name',
      id: 's.id',
      search: ['s.name', 's.url'],
      cursorOf: (row) => [row.name, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
    return { ...page, items: page.items.map(read) };
  }

  /** A change by a person; it is tried at once, since that may be what helps. */
  async update(id: string, changes: Partial<Pick<AuditStreamRow, 'name' | 'url' | 'active'>>): Promise<void> {
    await this.#changed(id, { ...changes, ...WELL });
  }

  /** Delivers again what follows `cursor`. */
  async moveBack(id: string, cursor: number): Promise<void> {
    await this.#changed(id, { cursor, missing: 0, ...WELL });
  }

  /** How many entries it has to deliver yet, as far as they are counted. */
  async countWaiting({ teamId, cursor }: Pick<AuditStreamRow, 'teamId' | 'cursor'>): Promise<number> {
    const waiting = this.#linksOf(teamId)
      .where('sequence', '>', cursor)
      .limit(MOST_WAITING_ENTRIES)
      .select('sequence');
    const row = await this.#knex.from(waiting.as('waiting')).count({ n: '*' }).first();
    return Number(row?.n ?? 0);
  }

  /** Where to stand so that the first entry since a time is the next; null when there is none since. */
  async cursorBefore(teamId: string | null, since: string): Promise<number | null> {
    const row: { first: number | null } | undefined = await this.#linksOf(teamId)
      .where('at', '>=', since)
      .min({ first: 'sequence' })
      .first();
    return row?.first == null ? null : row.first - 1;
  }

  async delete(id: string): Promise<void> {
    await this.#knex('audit_streams').where({ id }).delete();
  }

  #linksOf(teamId: string | null): Knex.QueryBuilder {
    return this.#knex('audit_chain').where(teamId === null ? {} : { team_id: teamId });
  }

  async #changed(id: string, columns: object): Promise<void> {
    await this.#knex('audit_streams')
      .where({ id })
      .update({ ...columns, next_at: new Date().toISOString(), revision: this.#knex.raw('revision + 1') });
  }
}
