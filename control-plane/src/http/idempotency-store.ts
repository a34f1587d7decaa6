import type { Knex } from 'knex';

/** Answers to requests that carried an Idempotency-Key. */
export class IdempotencyStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async find(key: string): Promise<{ status: number; body: string } | null> {
    return (await this.#knex('idempotency_keys').where({ key }).first('status', 'body')) ?? null;
  }

  async insert(key: string, status: number, body: string): Promise<void> {
    await this.#knex('idempotency_keys')
      .insert({ key, status, body, created_at: new Date().toISOString() })
      .onConflict('key')
      .ignore();
  }

  async deleteBefore(time: string): Promise<void> {
    await this.#knex('idempotency_keys').where('created_at', '<', time).delete();
  }
}
