import type { AuditEventName, AuditExportQuery, AuditQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import type { AuditActor } from '../../access/actor.ts';
import { isPostgres } from '../../db/dialect.ts';
import { applySearch, readPage } from '../../db/paging.ts';
import { newId } from '../../ids.ts';
import { type AuditHead, type AuditLink, linkEntries } from './chain.ts';

export interface NewAuditEntry {
  event: AuditEventName;
  actor: AuditActor;
  teamId: string | null;
  applicationId: string | null;
  subject: { kind: string; id: string; name: string };
  /** A change has `before` and `after`. Never secrets. */
  details?: Record<string, unknown>;
}

export interface StoredAuditEntry {
  id: string;
  at: string;
  event: string;
  actorKind: AuditActor['kind'];
  actorId: string | null;
  actorName: string;
  via: AuditActor['via'];
  address: string | null;
  teamId: string | null;
  applicationId: string | null;
  subjectKind: string;
  subjectId: string;
  subjectName: string;
  /** JSON. */
  details: string;
}

const COLUMNS = {
  id: 'e.id',
  at: 'e.at',
  event: 'e.event',
  actorKind: 'e.actor_kind',
  actorId: 'e.actor_id',
  actorName: 'e.actor_name',
  via: 'e.via',
  address: 'e.address',
  teamId: 'e.team_id',
  applicationId: 'e.application_id',
  subjectKind: 'e.subject_kind',
  subjectId: 'e.subject_id',
  subjectName: 'e.subject_name',
  details: 'e.details',
};
const SEARCHED = ['e.event', 'e.actor_name', 'e.subject_name'];

/** Whose entries to list. */
export type AuditScope =
  | 'platform'
  | { teamId: string; hiddenApplications: string[] }
  | { applicationId: string }
  | { subject: { kind: 'instance' | 'device'; id: string } };

/** A link with its entry; null when that was removed. */
export interface LinkedEntry {
  link: AuditLink;
  entry: StoredAuditEntry | null;
}

/** Any number that nothing else in the database locks. */
const CHAIN_LOCK = 4_182_001;
/** SQLite takes no more rows in one statement than 500, and no more values than 32,766. */
const BATCH = 250;

export class AuditStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Writes entries and links them to the chain; only as the last thing of a transaction, since others wait for it. */
  async append(entries: readonly NewAuditEntry[], key: Buffer): Promise<void> {
    if (entries.length === 0) {
      return;
    }
    await this.#lockChain();
    // Within a millisecond identifiers are in no order: so that entries are in theirs.
    const ids = entries.map(() => newId()).sort();
    const stored = entries.map((entry, index) => toStored(entry, ids[index] ?? newId()));
    const links = linkEntries(stored, await this.head(), key);
    const rows = stored.map(toRow);
    const chain = links.map(({ entryId, teamId, ...link }) => ({
      ...link,
      entry_id: entryId,
      team_id: teamId,
    }));
    for (let start = 0; start < rows.length; start += BATCH) {
      await this.#knex('audit_entries').insert(rows.slice(start, start + BATCH));
      await this.#knex('audit_chain').insert(chain.slice(start, start + BATCH));
    }
  }

  async head(): Promise<AuditHead | null> {
    const head = await this.#knex('audit_chain')
      .orderBy('sequence', 'desc')
      .first<AuditHead | undefined>('sequence', 'hash');
    return head ?? null;
  }

  list(scope: AuditScope, query: AuditQuery): Promise<Page<StoredAuditEntry>> {
    return readPage<StoredAuditEntry>(this.#filtered(scope, query), {
      query,
      id: 'e.id',
      order: 'desc',
      search: SEARCHED,
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
  }

  /** The next entries after `beforeId`, newest first. */
  async listBefore(
    scope: AuditScope,
    query: AuditExportQuery,
    beforeId: string | null,
    limit: number,
  ): Promise<StoredAuditEntry[]> {
    const entries = this.#filtered(scope, query);
    applySearch(entries, SEARCHED, query.search);
    if (beforeId !== null) {
      entries.where('e.id', '<', beforeId);
    }
    return entries.orderBy('e.id', 'desc').limit(limit).select(COLUMNS) as Promise<StoredAuditEntry[]>;
  }

  /** The links after one, of a team or of all, with their entries. */
  async readChain(after: number, limit: number, teamId: string | null = null): Promise<LinkedEntry[]> {
    const links = await this.#knex('audit_chain')
      .where(teamId === null ? {} : { team_id: teamId })
      .where('sequence', '>', after)
      .orderBy('sequence')
      .limit(limit)
      .select<AuditLink[]>({
        sequence: 'sequence',
        entryId: 'entry_id',
        teamId: 'team_id',
        at: 'at',
        digest: 'digest',
        hash: 'hash',
      });
    const entries = await this.#knex('audit_entries as e')
      .whereIn(
        'e.id',
        links.map((link) => link.entryId),
      )
      .select<StoredAuditEntry[]>(COLUMNS);
    const byId = new Map(entries.map((entry) => [entry.id, entry]));
    return links.map((link) => ({ link, entry: byId.get(link.entryId) ?? null }));
  }

  /** How many entries no link accounts for. Those from before there was a chain do not count. */
  async countUnlinked(): Promise<number> {
    const first = await this.#knex('audit_chain').orderBy('sequence').first<{ at: string } | undefined>('at');
    const row = await this.#knex('audit_entries as e')
      .leftJoin('audit_chain as c', 'c.entry_id', 'e.id')
      .whereNull('c.entry_id')
      .where('e.at', '>=', first?.at ?? '9')
      .count({ n: '*' })
      .first();
    return Number(row?.n ?? 0);
  }

  /** Removes up to `limit` entries of a team that are older; their links stay. */
  async prune(teamId: string, before: string, limit: number): Promise<number> {
    return this.#knex('audit_entries')
      .whereIn(
        'id',
        this.#knex('audit_entries')
          .where({ team_id: teamId })
          .where('at', '<', before)
          .orderBy('id')
          .limit(limit)
          .select('id'),
      )
      .delete();
  }

  /** In PostgreSQL several transactions write at once; SQLite has one at a time. */
  async #lockChain(): Promise<void> {
    if (isPostgres(this.#knex)) {
      await this.#knex.raw('select pg_advisory_xact_lock(?)', [CHAIN_LOCK]);
    }
  }

  #filtered(scope: AuditScope, query: AuditExportQuery): Knex.QueryBuilder {
    const entries = this.#inScope(scope);
    if (query.event !== undefined) {
      const event = query.event;
      entries.where((where) =>
        where.where('e.event', event).orWhere((within) => {
          // From "instance." up to the next character after the dot.
          within.where('e.event', '>', `${event}.`).where('e.event', '<', `${event}/`);
        }),
      );
    }
    const { actorId, via, from, to } = query;
    if (actorId !== undefined) {
      entries.where('e.actor_id', actorId);
    }
    if (via !== undefined) {
      entries.where('e.via', via);
    }
    if (from !== undefined) {
      entries.where('e.at', '>=', new Date(from).toISOString());
    }
    if (to !== undefined) {
      entries.where('e.at', '<', new Date(to).toISOString());
    }
    return entries;
  }

  #inScope(scope: AuditScope): Knex.QueryBuilder {
    const entries = this.#knex('audit_entries as e');
    if (scope === 'platform') {
      return entries;
    }
    if ('applicationId' in scope) {
      return entries.where('e.application_id', scope.applicationId);
    }
    if ('subject' in scope) {
      return entries.where({ 'e.subject_kind': scope.subject.kind, 'e.subject_id': scope.subject.id });
    }
    return entries
      .where('e.team_id', scope.teamId)
      .where((where) =>
        where.whereNull('e.application_id').orWhereNotIn('e.application_id', scope.hiddenApplications),
      );
  }
}

function toStored(entry: NewAuditEntry, id: string): StoredAuditEntry {
  return {
    id,
    at: new Date().toISOString(),
    event: entry.event,
    actorKind: entry.actor.kind,
    actorId: entry.actor.id,
    actorName: entry.actor.name,
    via: entry.actor.via,
    address: entry.actor.address ?? null,
    teamId: entry.teamId,
    applicationId: entry.applicationId,
    subjectKind: entry.subject.kind,
    subjectId: entry.subject.id,
    subjectName: entry.subject.name,
    details: JSON.stringify(entry.details ?? {}),
  };
}

function toRow(entry: StoredAuditEntry): Record<string, unknown> {
  const columns = Object.entries(COLUMNS) as Array<[keyof StoredAuditEntry, string]>;
  return Object.fromEntries(columns.map(([key, column]) => [column.slice(2), entry[key]]));
}
