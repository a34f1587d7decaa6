import type { ListQuery, NotificationKind, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';
import type { DeliveryState } from './delivery-store.ts';

export interface WebhookRow {
  id: string;
  teamId: string;
  name: string;
  url: string;
  /** Sealed. */
  secret: string;
  kinds: NotificationKind[];
  active: boolean;
  createdAt: string;
}

export interface LastDelivery {
  state: DeliveryState;
  createdAt: string;
  error: string | null;
}

type StoredWebhook = Omit<WebhookRow, 'kinds'> & { kinds: string };

const COLUMNS = {
  id: 'w.id',
  teamId: 'w.team_id',
  name: 'w.name',
  url: 'w.url',
  secret: 'w.secret',
  kinds: 'w.kinds',
  active: 'w.active',
  createdAt: 'w.created_at',
};

function read(row: StoredWebhook): WebhookRow {
  return { ...row, kinds: JSON.parse(row.kinds), active: Boolean(row.active) };
}

export class WebhookStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(row: WebhookRow): Promise<void> {
    await this.#knex('webhooks').insert({
      id: row.id,
      team_id: row.teamId,
      name: row.name,
      url: row.url,
      secret: row.secret,
      kinds: JSON.stringify(row.kinds),
      active: row.active,
      created_at: row.createdAt,
    });
  }

  async update(
    id: string,
    changes: Partial<Pick<WebhookRow, 'name' | 'url' | 'kinds' | 'active'>>,
  ): Promise<void> {
    const { kinds, ...rest } = changes;
    await this.#knex('webhooks')
      .where({ id })
      .update({ ...rest, ...(kinds !== undefined && { kinds: JSON.stringify(kinds) }) });
  }

  async delete(id: string): Promise<void> {
    await this.#knex('webhooks').where({ id }).delete();
  }

  async find(id: string): Promise<WebhookRow | null> {
    const row = await this.#knex('webhooks as w').where('w.id', id).first<StoredWebhook>(COLUMNS);
    return row ? read(row) : null;
  }

  async activeOf(teamId: string): Promise<WebhookRow[]> {
    const rows = await this.#knex('webhooks as w')
      .where({ 'w.team_id': teamId, 'w.active': true })
      .select<StoredWebhook[]>(COLUMNS);
    return rows.map(read);
  }

  async countOf(teamId: string): Promise<number> {
    const row = await this.#knex('webhooks').where({ team_id: teamId }).count({ n: '*' }).first();
    return Number(row?.n ?? 0);
  }

  async list(teamId: string, query: ListQuery): Promise<Page<WebhookRow>> {
    const page = await readPage<StoredWebhook>(this.#knex('webhooks as w').where('w.team_id', teamId), {
      query,
      sort: 'w.name',
      id: 'w.id',
      search: ['w.name', 'w.url'],
      cursorOf: (row) => [row.name, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
    return { ...page, items: page.items.map(read) };
  }

  /** How the newest delivery to each of these went. */
  async lastDeliveries(ids: string[]): Promise<Map<string, LastDelivery>> {
    const newest = this.#knex('deliveries').whereIn('webhook_id', ids).groupBy('webhook_id').max('id');
    const rows = await this.#knex('deliveries')
      .whereIn('id', newest)
      .select<Array<LastDelivery & { webhookId: string }>>({
        webhookId: 'webhook_id',
        state: 'state',
        createdAt: 'created_at',
        error: 'error',
      });
    return new Map(rows.map((row) => [row.webhookId, row]));
  }
}
