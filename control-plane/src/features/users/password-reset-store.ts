import type { Knex } from 'knex';

/** One-time links to a new password: one for each person at most, and only its hash. */
export class PasswordResetStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async replace(userId: string, tokenHash: string, expiresAt: string): Promise<void> {
    await this.deleteOf(userId);
    await this.#knex('password_resets').insert({
      token_hash: tokenHash,
      user_id: userId,
      expires_at: expiresAt,
    });
  }

  async findUserId(tokenHash: string, now: string): Promise<string | null> {
    const row: { user_id: string } | undefined = await this.#knex('password_resets')
      .where({ token_hash: tokenHash })
      .where('expires_at', '>', now)
      .first('user_id');
    return row?.user_id ?? null;
  }

  /** The number of links that were there and are gone: a link is taken once. */
  async take(tokenHash: string): Promise<number> {
    return this.#knex('password_resets').where({ token_hash: tokenHash }).delete();
  }

  async deleteOf(userId: string): Promise<void> {
    await this.#knex('password_resets').where({ user_id: userId }).delete();
  }

  async deleteExpired(now: string): Promise<void> {
    await this.#knex('password_resets').where('expires_at', '<', now).delete();
  }
}
