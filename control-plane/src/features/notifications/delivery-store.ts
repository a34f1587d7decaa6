import type { Knex } from 'knex';

export type DeliveryState = 'waiting' | 'delivered' | 'failed';
export type Channel = 'mail' | 'webhook';

export interface DeliveryRow {
  id: string;
  channel: Channel;
  webhookId: string | null;
  title: string;
  /** Sealed JSON. */
  payload: string;
  state: DeliveryState;
  attempts: number;
  nextAt: string;
  /** Why the last attempt failed. */
  error: string | null;
  createdAt: string;
  finishedAt: string | null;
}

export type NewDelivery = Pick<
  DeliveryRow,
  'id' | 'channel' | 'webhookId' | 'title' | 'payload' | 'createdAt'
>;

const COLUMNS = {
  id: 'id',
  channel: 'channel',
  webhookId: 'webhook_id',
  title: 'title',
  payload: 'payload',
  state: 'state',
  attempts: 'attempts',
  nextAt: 'next_at',
  error: 'error',
  createdAt: 'created_at',
  finishedAt: 'finished_at',
};

/** Messages to the outside, until they arrived. */
export class DeliveryStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(delivery: NewDelivery): Promise<void> {
    await this.#knex('deliveries').insert({
      id: delivery.id,
      channel: delivery.channel,
      webhook_id: delivery.webhookId,
      title: delivery.title,
      payload: delivery.payload,
      state: 'waiting',
      next_at: delivery.createdAt,
      created_at: delivery.createdAt,
    });
  }

  async due(now: string, limit: number): Promise<DeliveryRow[]> {
    return this.#knex('deliveries')
      .where({ state: 'waiting' })
      .where('next_at', '<=', now)
      .orderBy('next_at')
      .limit(limit)
      .select<DeliveryRow[]>(COLUMNS);
  }

  /** Takes an attempt, unless another process was faster; until `nextAt` nobody else tries. */
  async take(delivery: DeliveryRow, nextAt: string): Promise<boolean> {
    const taken = await this.#knex('deliveries')
      .where({ id: delivery.id, state: 'waiting', attempts: delivery.attempts })
      .update({ attempts: delivery.attempts + 1, next_at: nextAt });
    return taken === 1;
  }

  async retryAt(id: string, nextAt: string, error: string): Promise<void> {
    await this.#knex('deliveries').where({ id }).update({ next_at: nextAt, error });
  }

  async finish(id: string, state: 'delivered' | 'failed', error: string | null, at: string): Promise<void> {
    await this.#knex('deliveries').where({ id }).update({ state, error, finished_at: at, payload: '' });
  }

  /** The newest deliveries to a webhook. */
  async ofWebhook(webhookId: string, limit: number): Promise<DeliveryRow[]> {
    return this.#knex('deliveries')
      .where({ webhook_id: webhookId })
      .orderBy('id', 'desc')
      .limit(limit)
      .select<DeliveryRow[]>(COLUMNS);
  }

  async deleteOfWebhook(webhookId: string): Promise<void> {
    await this.#knex('deliveries').where({ webhook_id: webhookId }).delete();
  }

  async deleteFinishedBefore(time: string): Promise<void> {
    await this.#knex('deliveries').whereNot({ state: 'waiting' }).where('finished_at', '<', time).delete();
  }
}
