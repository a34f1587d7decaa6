import type { ListQuery, Page, Role } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface InvitationRow {
  id: string;
  teamId: string;
  teamName: string;
  /** The account it is for; null when whoever has the link may come. */
  userId: string | null;
  /** The user name or e-mail address that was given. */
  invitee: string;
  role: Role;
  invitedBy: string;
  createdAt: string;
  expiresAt: string;
}

const COLUMNS = {
  id: 'v.id',
  teamId: 'v.team_id',
  teamName: 't.name',
  userId: 'v.user_id',
  invitee: 'v.invitee',
  role: 'v.role',
  invitedBy: 'v.invited_by',
  createdAt: 'v.created_at',
  expiresAt: 'v.expires_at',
};

/** Invitations that nobody has answered. Only the hash of the link is here. */
export class InvitationStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(row: Omit<InvitationRow, 'teamName'> & { tokenHash: string }): Promise<void> {
    await this.#knex('invitations').insert({
      id: row.id,
      team_id: row.teamId,
      user_id: row.userId,
      invitee: row.invitee,
      role: row.role,
      token_hash: row.tokenHash,
      invited_by: row.invitedBy,
      created_at: row.createdAt,
      expires_at: row.expiresAt,
    });
  }

  async find(id: string): Promise<InvitationRow | null> {
    return (await this.#joined().where('v.id', id).first<InvitationRow>(COLUMNS)) ?? null;
  }

  async findByToken(tokenHash: string): Promise<InvitationRow | null> {
    return (await this.#joined().where('v.token_hash', tokenHash).first<InvitationRow>(COLUMNS)) ?? null;
  }

  async count(teamId: string): Promise<number> {
    const row = await this.#knex('invitations').where({ team_id: teamId }).count({ n: '*' }).first();
    return Number(row?.n ?? 0);
  }

  async isInvited(teamId: string, invitee: string): Promise<boolean> {
    return (await this.#knex('invitations').where({ team_id: teamId, invitee }).first('id')) !== undefined;
  }

  listOfTeam(teamId: string, query: ListQuery): Promise<Page<InvitationRow>> {
    return this.#page(this.#joined().where('v.team_id', teamId), query);
  }

  listOfUser(userId: string, now: string, query: ListQuery): Promise<Page<InvitationRow>> {
    return this.#page(this.#joined().where('v.user_id', userId).where('v.expires_at', '>', now), query);
  }

  async renew(
    id: string,
    change: { tokenHash: string; expiresAt: string; invitedBy: string },
  ): Promise<void> {
    await this.#knex('invitations')
      .where({ id })
      .update({ token_hash: change.tokenHash, expires_at: change.expiresAt, invited_by: change.invitedBy });
  }

  /** The number of invitations that were there and are gone. */
  async delete(id: string): Promise<number> {
    return this.#knex('invitations').where({ id }).delete();
  }

  async deleteOf(teamId: string, userId: string): Promise<void> {
    await this.#knex('invitations').where({ team_id: teamId, user_id: userId }).delete();
  }

  async deleteExpired(before: string): Promise<void> {
    await this.#knex('invitations').where('expires_at', '<', before).delete();
  }

  #joined(): Knex.QueryBuilder {
    return this.#knex('invitations as v').join('teams as t', 't.id', 'v.team_id').whereNull('t.deleted_at');
  }

  #page(filtered: Knex.QueryBuilder, query: ListQuery): Promise<Page<InvitationRow>> {
    return readPage<InvitationRow>(filtered, {
      query,
      id: 'v.id',
      order: 'desc',
      search: ['v.invitee', 't.name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
  }
}
