import type { Knex } from 'knex';

export interface SecondFactorRow {
  userId: string;
  /** Sealed. */
  secret: string;
  /** False until a first code was given. */
  confirmed: boolean;
}

/** What people have besides their password. */
export class SecondFactorStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async find(userId: string): Promise<SecondFactorRow | null> {
    const row: { secret: string; confirmed: boolean | number } | undefined = await this.#knex(
      'second_factors',
    )
      .where({ user_id: userId })
      .first('secret', 'confirmed');
    return row ? { userId, secret: row.secret, confirmed: Boolean(row.confirmed) } : null;
  }

  /** Keeps a secret that is not confirmed yet, in place of an earlier one. */
  async prepare(userId: string, secret: string): Promise<void> {
    await this.delete(userId);
    await this.#knex('second_factors').insert({ user_id: userId, secret, confirmed: false });
  }

  async confirm(userId: string): Promise<void> {
    await this.#knex('second_factors').where({ user_id: userId }).update({ confirmed: true });
  }

  async delete(userId: string): Promise<boolean> {
    await this.#knex('recovery_codes').where({ user_id: userId }).delete();
    return (await this.#knex('second_factors').where({ user_id: userId }).delete()) > 0;
  }

  /** Takes the code of a time step; false when that or a later one was taken before. */
  async takeStep(userId: string, step: number): Promise<boolean> {
    const taken = await this.#knex('second_factors')
      .where({ user_id: userId })
      .where('last_step', '<', step)
      .update({ last_step: step });
    return taken === 1;
  }

  async replaceRecoveryCodes(userId: string, hashes: string[]): Promise<void> {
    await this.#knex('recovery_codes').where({ user_id: userId }).delete();
    await this.#knex('recovery_codes').insert(hashes.map((hash) => ({ user_id: userId, code_hash: hash })));
  }

  /** Takes a recovery code; false when there is no such code any more. */
  async takeRecoveryCode(userId: string, hash: string): Promise<boolean> {
    return (await this.#knex('recovery_codes').where({ user_id: userId, code_hash: hash }).delete()) === 1;
  }

  async countRecoveryCodes(userId: string): Promise<number> {
    const row = await this.#knex('recovery_codes').where({ user_id: userId }).count({ n: '*' }).first();
    return Number(row?.n ?? 0);
  }
}
