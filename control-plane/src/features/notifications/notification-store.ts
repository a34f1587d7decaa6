import { type ListQuery, type NotificationKind, OWNERS_KINDS, type Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { whereAmong } from '../../db/many.ts';
import { readPage } from '../../db/paging.ts';

export interface NotificationRow {
  id: string;
  kind: NotificationKind;
  teamId: string | null;
  applicationId: string | null;
  /** Only for this person. */
  userId: string | null;
  subjectKind: string;
  subjectId: string;
  subjectName: string;
  text: string;
  count: number;
  at: string;
  resolvedAt: string | null;
}

export interface ReadableRow extends NotificationRow {
  read: boolean;
}

/** What a person may see. */
export interface Sight {
  userId: string;
  admin: boolean;
  /** Teams in which they see everything but what is in these applications. */
  teams: Array<{ teamId: string; except: string[]; owner: boolean }>;
  /** Applications that they see although they do not see their team. */
  applications: string[];
}

/** Somebody who may get e-mail about a team. */
export interface Recipient {
  userId: string;
  email: string;
  /** With the override of the application applied. */
  role: string;
  /** JSON: their choices; null when they made none. */
  choices: string | null;
}

const COLUMNS = {
  id: 'n.id',
  kind: 'n.kind',
  teamId: 'n.team_id',
  applicationId: 'n.application_id',
  userId: 'n.user_id',
  subjectKind: 'n.subject_kind',
  subjectId: 'n.subject_id',
  subjectName: 'n.subject_name',
  text: 'n.text',
  count: 'n.count',
  at: 'n.at',
  resolvedAt: 'n.resolved_at',
};
const MOST_UNREAD = 100;

export class NotificationStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(row: NotificationRow): Promise<void> {
    await this.#knex('notifications').insert({
      id: row.id,
      kind: row.kind,
      team_id: row.teamId,
      application_id: row.applicationId,
      user_id: row.userId,
      subject_kind: row.subjectKind,
      subject_id: row.subjectId,
      subject_name: row.subjectName,
      text: row.text,
      count: row.count,
      at: row.at,
      resolved_at: row.resolvedAt,
    });
  }

  /** The newest of that kind about a thing since a time. */
  async findRecent(
    kind: NotificationKind,
    subjectId: string,
    since: string,
  ): Promise<NotificationRow | null> {
    const row = await this.#knex('notifications as n')
      .where({ 'n.subject_id': subjectId, 'n.kind': kind })
      .where('n.at', '>=', since)
      .orderBy('n.id', 'desc')
      .first<NotificationRow>(COLUMNS);
    return row ?? null;
  }

  /** It happened again: it counts as unread. */
  async repeat(id: string, change: { text: string; at: string }): Promise<void> {
    await this.#knex('notifications')
      .where({ id })
      .update({ ...change, count: this.#knex.raw('count + 1'), resolved_at: null });
    await this.#knex('notification_reads').where({ notification_id: id }).delete();
  }

  /** @returns how many went on until now */
  async resolve(
    subjectIds: readonly string[],
    kinds: readonly NotificationKind[],
    at: string,
  ): Promise<number> {
    return whereAmong(this.#knex, this.#knex('notifications'), 'subject_id', subjectIds)
      .whereIn('kind', kinds)
      .whereNull('resolved_at')
      .update({ resolved_at: at });
  }

  async list(sight: Sight, query: ListQuery, onlyUnread: boolean): Promise<Page<ReadableRow>> {
    const page = await readPage<ReadableRow>(this.#seenBy(sight, onlyUnread), {
      query,
      id: 'n.id',
      order: 'desc',
      search: ['n.text', 'n.subject_name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select({ ...COLUMNS, read: 'r.user_id' }),
    });
    return { ...page, items: page.items.map((row) => ({ ...row, read: row.read !== null })) };
  }

  async countUnread(sight: Sight): Promise<number> {
    const rows = await this.#seenBy(sight, true).limit(MOST_UNREAD).select('n.id');
    return rows.length;
  }

  /** Of these, or with `upTo` of all up to that one. */
  async markRead(sight: Sight, which: { ids: string[] } | { upTo: string }): Promise<void> {
    const unread = this.#seenBy(sight, true);
    const chosen =
      'ids' in which ? unread.whereIn('n.id', which.ids) : unread.where('n.id', '<=', which.upTo);
    await this.#knex('notification_reads')
      .insert(chosen.select({ notification_id: 'n.id', user_id: this.#knex.raw('?', [sight.userId]) }))
      .onConflict(['notification_id', 'user_id'])
      .ignore();
  }

  async deleteBefore(time: string): Promise<void> {
    await this.#knex('notifications').where('at', '<', time).delete();
  }

  async emailChoices(userId: string): Promise<string | null> {
    const row: { email: string } | undefined = await this.#knex('notification_settings')
      .where({ user_id: userId })
      .first('email');
    return row?.email ?? null;
  }

  async setEmailChoices(userId: string, email: string): Promise<void> {
    await this.#knex('notification_settings')
      .insert({ user_id: userId, email })
      .onConflict('user_id')
      .merge();
  }

  /** People with an address and a role, in the application where there is one; administrators where there is no team. */
  async recipients(teamId: string | null, applicationId: string | null): Promise<Recipient[]> {
    const people = this.#knex('users as u')
      .leftJoin('notification_settings as s', 's.user_id', 'u.id')
      .whereNotNull('u.email')
      .where('u.suspended', false);
    if (teamId === null) {
      return people
        .where('u.is_admin', true)
        .select({ userId: 'u.id', email: 'u.email', role: this.#knex.raw(`'owner'`), choices: 's.email' });
    }
    return people
      .join('team_members as m', 'm.user_id', 'u.id')
      .leftJoin('application_roles as r', (join) =>
        join.on('r.user_id', 'u.id').andOnVal('r.application_id', applicationId ?? ''),
      )
      .where('m.team_id', teamId)
      .select({
        userId: 'u.id',
        email: 'u.email',
        role: this.#knex.raw('coalesce(r.role, m.role)'),
        choices: 's.email',
      });
  }

  #seenBy(sight: Sight, onlyUnread: boolean): Knex.QueryBuilder {
    const rows = this.#knex('notifications as n').leftJoin('notification_reads as r', (join) =>
      join.on('r.notification_id', 'n.id').andOnVal('r.user_id', sight.userId),
    );
    if (onlyUnread) {
      rows.whereNull('r.user_id');
    }
    return rows.where((mine) => {
      mine.where('n.user_id', sight.userId);
      if (sight.admin) {
        mine.orWhere((platform) => platform.whereNull('n.user_id').whereNull('n.team_id'));
      }
      for (const { teamId, except, owner } of sight.teams) {
        mine.orWhere((team) =>
          team
            .whereNotIn('n.kind', owner ? [] : OWNERS_KINDS)
            .whereNull('n.user_id')
            .where('n.team_id', teamId)
            .where((place) => place.whereNull('n.application_id').orWhereNotIn('n.application_id', except)),
        );
      }
      if (sight.applications.length > 0) {
        mine.orWhere((some) => some.whereNull('n.user_id').whereIn('n.application_id', sight.applications));
      }
    });
  }
}
