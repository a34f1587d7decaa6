import type { ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import type { AuditActor } from '../../access/actor.ts';
import { readPage } from '../../db/paging.ts';
import { newId } from '../../ids.ts';

export interface NewAuditEntry {
  /** What happened, in the past tense: `instance.created`. */
  event: string;
  actor: AuditActor;
  teamId: string | null;
  applicationId: string | null;
  subject: { kind: string; id: string; name: string };
  details?: Record<string, unknown>;
}

export interface AuditRow {
  id: string;
  at: string;
  event: string;
  actorKind: AuditActor['kind'];
  actorId: string | null;
  actorName: string;
  via: AuditActor['via'];
  applicationId: string | null;
  subjectKind: string;
  subjectId: string;
  subjectName: string;
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
  applicationId: 'e.application_id',
  subjectKind: 'e.subject_kind',
  subjectId: 'e.subject_id',
  subjectName: 'e.subject_name',
  details: 'e.details',
};

/** Which entries to list. */
export type AuditFilter =
  | { teamId: string; hiddenApplications: string[] }
  | { applicationId: string }
  | { subject: { kind: 'instance' | 'device'; id: string } };

export class AuditStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(entry: NewAuditEntry): Promise<void> {
    await this.#knex('audit_entries').insert({
      id: newId(),
      at: new Date().toISOString(),
      event: entry.event,
      actor_kind: entry.actor.kind,
      actor_id: entry.actor.id,
      actor_name: entry.actor.name,
      via: entry.actor.via,
      team_id: entry.teamId,
      application_id: entry.applicationId,
      subject_kind: entry.subject.kind,
      subject_id: entry.subject.id,
      subject_name: entry.subject.name,
      details: JSON.stringify(entry.details ?? {}),
    });
  }

  list(filter: AuditFilter, query: ListQuery): Promise<Page<AuditRow>> {
    return readPage<AuditRow>(this.#filtered(filter), {
      query,
      id: 'e.id',
      order: 'desc',
      search: ['e.event', 'e.actor_name', 'e.subject_name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
  }

  #filtered(filter: AuditFilter): Knex.QueryBuilder {
    const entries = this.#knex('audit_entries as e');
    if ('applicationId' in filter) {
      return entries.where('e.application_id', filter.applicationId);
    }
    if ('subject' in filter) {
      return entries.where({ 'e.subject_kind': filter.subject.kind, 'e.subject_id': filter.subject.id });
    }
    return entries
      .where('e.team_id', filter.teamId)
      .where((where) =>
        where.whereNull('e.application_id').orWhereNotIn('e.application_id', filter.hiddenApplications),
      );
  }
}
