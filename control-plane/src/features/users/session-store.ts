import type { ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface SessionRow {
  id: string;
  userId: string;
  username: string;
  name: string;
  admin: boolean;
  expiresAt: string;
}

export interface AccessTokenRow {
  id: string;
  userId: string;
  name: string;
  teamId: string | null;
  applicationId: string | null;
  readOnly: boolean;
  expiresAt: string | null;
  lastUsedAt: string | null;
  createdAt: string;
}

/** An access token with the person it speaks for. */
export interface UsedAccessToken extends AccessTokenRow {
  username: string;
  userName: string;
  admin: boolean;
}

const TOKEN_COLUMNS = {
  id: 't.id',
  userId: 't.user_id',
  name: 't.name',
  teamId: 't.team_id',
  applicationId: 't.application_id',
  readOnly: 't.read_only',
  expiresAt: 't.expires_at',
  lastUsedAt: 't.last_used_at',
  createdAt: 't.created_at',
};

/** A session as its own person sees it. */
export interface OwnSessionRow {
  id: string;
  createdAt: string;
  expiresAt: string;
  lastUsedAt: string | null;
  address: string | null;
  browser: string | null;
}

const SESSION_COLUMNS = {
  id: 's.id',
  createdAt: 's.created_at',
  expiresAt: 's.expires_at',
  lastUsedAt: 's.last_used_at',
  address: 's.address',
  browser: 's.browser',
};

/** Sessions of people and their access tokens. Only hashes of the secret values are here. */
export class SessionStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insertSession(session: {
    id: string;
    tokenHash: string;
    userId: string;
    createdAt: string;
    expiresAt: string;
    address: string | null;
    browser: string | null;
  }): Promise<void> {
    await this.#knex('sessions').insert({
      id: session.id,
      token_hash: session.tokenHash,
      user_id: session.userId,
      created_at: session.createdAt,
      expires_at: session.expiresAt,
      address: session.address,
      browser: session.browser,
    });
  }

  async findSession(tokenHash: string): Promise<SessionRow | null> {
    const row = await this.#knex('sessions as s')
      .join('users as u', 'u.id', 's.user_id')
      .where({ 's.token_hash': tokenHash, 'u.suspended': false })
      .first<SessionRow>({
        id: 's.id',
        userId: 's.user_id',
        username: 'u.username',
        name: 'u.name',
        admin: 'u.is_admin',
        expiresAt: 's.expires_at',
      });
    return row ? { ...row, admin: Boolean(row.admin) } : null;
  }

  /** When somebody signed in. */
  async startOf(id: string): Promise<string | null> {
    const row = await this.#knex('sessions').where({ id }).first<{ created_at: string }>('created_at');
    return row?.created_at ?? null;
  }

  async touchSession(id: string, at: string): Promise<void> {
    await this.#knex('sessions').where({ id }).update({ last_used_at: at });
  }

  listSessions(userId: string, now: string, query: ListQuery): Promise<Page<OwnSessionRow>> {
    const open = this.#knex('sessions as s').where('s.user_id', userId).where('s.expires_at', '>', now);
    return readPage<OwnSessionRow>(open, {
      query,
      id: 's.id',
      order: 'desc',
      search: ['s.browser', 's.address'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(SESSION_COLUMNS),
    });
  }

  async ownsSession(userId: string, id: string): Promise<boolean> {
    return (await this.#knex('sessions').where({ id, user_id: userId }).first('id')) !== undefined;
  }

  async hasSession(id: string): Promise<boolean> {
    return (await this.#knex('sessions').where({ id }).first('id')) !== undefined;
  }

  async deleteSession(id: string): Promise<void> {
    await this.#knex('editor_sessions').where({ session_id: id }).delete();
    await this.#knex('sessions').where({ id }).delete();
  }

  /** Ends all sessions of a person, and the editors that were opened from them. */
  async deleteSessionsOf(userId: string): Promise<void> {
    await this.#knex('editor_sessions').where({ user_id: userId }).delete();
    await this.#knex('oauth_codes').where({ user_id: userId }).delete();
    await this.#knex('sessions').where({ user_id: userId }).delete();
  }

  /** Ends all sessions of a person but one. */
  async deleteOtherSessions(userId: string, keepId: string | null): Promise<void> {
    const others = this.#knex('sessions').where({ user_id: userId });
    await (keepId === null ? others : others.whereNot({ id: keepId })).delete();
  }

  async deleteExpired(now: string): Promise<void> {
    await this.#knex('sessions').where('expires_at', '<', now).delete();
    for (const table of ['editor_sessions', 'oauth_codes', 'device_editor_sessions', 'device_oauth_codes']) {
      await this.#knex(table).where('expires_at', '<', now).delete();
    }
  }

  async insertAccessToken(token: AccessTokenRow & { tokenHash: string }): Promise<void> {
    await this.#knex('access_tokens').insert({
      id: token.id,
      user_id: token.userId,
      name: token.name,
      token_hash: token.tokenHash,
      team_id: token.teamId,
      application_id: token.applicationId,
      read_only: token.readOnly,
      expires_at: token.expiresAt,
      last_used_at: token.lastUsedAt,
      created_at: token.createdAt,
    });
  }

  async findAccessToken(tokenHash: string): Promise<UsedAccessToken | null> {
    const row = await this.#knex('access_tokens as t')
      .join('users as u', 'u.id', 't.user_id')
      .where({ 't.token_hash': tokenHash, 'u.suspended': false })
      .first<UsedAccessToken>({
        ...TOKEN_COLUMNS,
        username: 'u.username',
        userName: 'u.name',
        admin: 'u.is_admin',
      });
    return row ? { ...row, admin: Boolean(row.admin), readOnly: Boolean(row.readOnly) } : null;
  }

  /** Whether a token is there, has not expired, and its person may use it. */
  async hasAccessToken(id: string, now: string): Promise<boolean> {
    const row: { expiresAt: string | null } | undefined = await this.#knex('access_tokens as t')
      .join('users as u', 'u.id', 't.user_id')
      .where({ 't.id': id, 'u.suspended': false })
      .first({ expiresAt: 't.expires_at' });
    return row !== undefined && (row.expiresAt === null || row.expiresAt > now);
  }

  async touchAccessToken(id: string, at: string): Promise<void> {
    await this.#knex('access_tokens').where({ id }).update({ last_used_at: at });
  }

  listAccessTokens(userId: string, query: ListQuery): Promise<Page<AccessTokenRow>> {
    return readPage<AccessTokenRow>(this.#knex('access_tokens as t').where('t.user_id', userId), {
      query,
      id: 't.id',
      search: ['t.name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(TOKEN_COLUMNS),
    });
  }

  /** The number of tokens that were there and are gone. */
  async deleteAccessToken(userId: string, id: string): Promise<number> {
    return this.#knex('access_tokens').where({ id, user_id: userId }).delete();
  }
}
