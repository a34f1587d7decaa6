import type { ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface PasskeyRow {
  id: string;
  userId: string;
  credentialId: string;
  /** COSE, as base64url. */
  publicKey: string;
  counter: number;
  /** JSON. */
  transports: string;
  name: string;
  createdAt: string;
  lastUsedAt: string | null;
}

export interface ChallengeRow {
  id: string;
  challenge: string;
  userId: string | null;
  purpose: 'registration' | 'sign-in';
  expiresAt: string;
}

const COLUMNS = {
  id: 'p.id',
  userId: 'p.user_id',
  credentialId: 'p.credential_id',
  publicKey: 'p.public_key',
  counter: 'p.counter',
  transports: 'p.transports',
  name: 'p.name',
  createdAt: 'p.created_at',
  lastUsedAt: 'p.last_used_at',
};

/** The passkeys of people, and the challenges that are open. */
export class PasskeyStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  list(userId: string, query: ListQuery): Promise<Page<PasskeyRow>> {
    return readPage<PasskeyRow>(this.#knex('passkeys as p').where('p.user_id', userId), {
      query,
      id: 'p.id',
      search: ['p.name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
  }

  async listAll(userId: string): Promise<PasskeyRow[]> {
    return this.#knex('passkeys as p').where('p.user_id', userId).select(COLUMNS);
  }

  async find(userId: string, id: string): Promise<PasskeyRow | null> {
    const row = await this.#knex('passkeys as p')
      .where({ 'p.id': id, 'p.user_id': userId })
      .first<PasskeyRow>(COLUMNS);
    return row ?? null;
  }

  async findByCredential(credentialId: string): Promise<PasskeyRow | null> {
    const row = await this.#knex('passkeys as p')
      .where('p.credential_id', credentialId)
      .first<PasskeyRow>(COLUMNS);
    // PostgreSQL gives large integers as text.
    return row ? { ...row, counter: Number(row.counter) } : null;
  }

  async insert(row: PasskeyRow): Promise<void> {
    await this.#knex('passkeys').insert({
      id: row.id,
      user_id: row.userId,
      credential_id: row.credentialId,
      public_key: row.publicKey,
      counter: row.counter,
      transports: row.transports,
      name: row.name,
      created_at: row.createdAt,
      last_used_at: row.lastUsedAt,
    });
  }

  /** False when the passkey is gone or was used meanwhile. */
  async use(row: PasskeyRow, counter: number, now: string): Promise<boolean> {
    const used = await this.#knex('passkeys')
      .where({ id: row.id, counter: row.counter })
      .update({ counter, last_used_at: now });
    return used === 1;
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#knex('passkeys').where({ id }).update({ name });
  }

  async delete(id: string): Promise<boolean> {
    return (await this.#knex('passkeys').where({ id }).delete()) === 1;
  }

  async insertChallenge(row: ChallengeRow): Promise<void> {
    await this.#knex('passkey_challenges').insert({
      id: row.id,
      challenge: row.challenge,
      user_id: row.userId,
      purpose: row.purpose,
      expires_at: row.expiresAt,
    });
  }

  /** Takes a challenge, once; null when there is none for that person and purpose any more. */
  async takeChallenge(wanted: Omit<ChallengeRow, 'challenge' | 'expiresAt'>): Promise<string | null> {
    const where = { id: wanted.id, purpose: wanted.purpose, user_id: wanted.userId };
    const row: { challenge: string; expires_at: string } | undefined = await this.#knex('passkey_challenges')
      .where(where)
      .first('challenge', 'expires_at');
    const taken = row !== undefined && (await this.#knex('passkey_challenges').where(where).delete()) === 1;
    return taken && row.expires_at > new Date().toISOString() ? row.challenge : null;
  }

  async deleteExpired(now: string): Promise<void> {
    await this.#knex('passkey_challenges').where('expires_at', '<', now).delete();
  }
}
