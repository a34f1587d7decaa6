import type { HttpTokenView, ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

const COLUMNS = {
  id: 't.id',
  name: 't.name',
  expiresAt: 't.expires_at',
  lastUsedAt: 't.last_used_at',
  createdAt: 't.created_at',
};

export class HttpTokenStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  list(instanceId: string, query: ListQuery): Promise<Page<HttpTokenView>> {
    return readPage<HttpTokenView>(this.#knex('http_tokens as t').where('t.instance_id', instanceId), {
      query,
      id: 't.id',
      search: ['t.name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
  }

  async insert(instanceId: string, token: HttpTokenView, tokenHash: string): Promise<void> {
    await this.#knex('http_tokens').insert({
      id: token.id,
      instance_id: instanceId,
      name: token.name,
      token_hash: tokenHash,
      expires_at: token.expiresAt,
      last_used_at: token.lastUsedAt,
      created_at: token.createdAt,
    });
  }

  async find(instanceId: string, tokenHash: string): Promise<HttpTokenView | null> {
    const row = await this.#knex('http_tokens as t')
      .where({ 't.instance_id': instanceId, 't.token_hash': tokenHash })
      .first<HttpTokenView>(COLUMNS);
    return row ?? null;
  }

  /** The name of the token that was there and is gone; null when there was none. */
  async delete(instanceId: string, id: string): Promise<string | null> {
    const row: { name: string } | undefined = await this.#knex('http_tokens')
      .where({ id, instance_id: instanceId })
      .first('name');
    await this.#knex('http_tokens').where({ id, instance_id: instanceId }).delete();
    return row?.name ?? null;
  }

  async touch(id: string, at: string): Promise<void> {
    await this.#knex('http_tokens').where({ id }).update({ last_used_at: at });
  }
}
