import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database, Transaction } from '../../db/database.ts';
import { newId } from '../../ids.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { Channel, DeliveryRow } from './delivery-store.ts';

const POLL_MS = 5000;
const AT_ONCE = 10;
const MINUTE_MS = 60_000;
/** How long one attempt may take; after that another process may try. */
const ATTEMPT_MS = 2 * MINUTE_MS;
/** Waiting times between attempts; after the last one it is given up: about a day in all. */
const DELAYS_MS = [0.25, 1, 5, 15, 60, 180, 360, 720].map((minutes) => minutes * MINUTE_MS);
/** At the end of the process attempts under way get so long; what they do not finish is tried again. */
const STOP_GRACE_MS = 2000;
const KEEP_FINISHED_MS = 14 * 24 * 60 * MINUTE_MS;

export interface NewMessage {
  channel: Channel;
  webhookId: string | null;
  title: string;
  payload: object;
}

type Deliver = (payload: unknown, delivery: DeliveryRow) => Promise<void>;

/** What can never arrive, so that trying again is of no use. */
export class Undeliverable extends Error {}

interface Parts {
  db: Database;
  vault: Vault;
  logger: Logger;
}

/**
 * Delivers messages to the outside: stored in the transaction that causes them, sent after it, and tried again until
 * they arrived or a day has passed. A message may arrive twice when the process dies between sending and noting it.
 */
export class DeliveryQueue {
  readonly #parts: Parts;
  readonly #ways = new Map<Channel, Deliver>();
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** How messages of a channel are delivered. */
  use(channel: Channel, deliver: Deliver): void {
    this.#ways.set(channel, deliver);
  }

  start(): void {
    this.#timer = setInterval(() => this.#wake(), POLL_MS);
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await Promise.race([this.#working, sleep(STOP_GRACE_MS, undefined, { ref: false })]);
  }

  async add(tx: Transaction, { payload, ...message }: NewMessage): Promise<void> {
    await tx.stores.deliveries.insert({
      ...message,
      id: newId(),
      payload: this.#parts.vault.seal(JSON.stringify(payload)),
      createdAt: new Date().toISOString(),
    });
    tx.afterCommit(() => this.#wake());
  }

  async deleteOld(now: number = Date.now()): Promise<void> {
    await this.#parts.db.stores.deliveries.deleteFinishedBefore(
      new Date(now - KEEP_FINISHED_MS).toISOString(),
    );
  }

  #wake(): void {
    this.#again = true;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        const due = await this.#parts.db.stores.deliveries.due(new Date().toISOString(), AT_ONCE);
        await Promise.all(due.map((delivery) => this.#attempt(delivery)));
        this.#again ||= due.length === AT_ONCE;
      } catch (error) {
        if (!this.#stopped) {
          this.#parts.logger.error({ err: error }, 'messages could not be delivered');
        }
        return;
      }
    }
  }

  async #attempt(delivery: DeliveryRow): Promise<void> {
    const { deliveries } = this.#parts.db.stores;
    if (!(await deliveries.take(delivery, inFuture(ATTEMPT_MS)))) {
      return;
    }
    try {
      await this.#ways.get(delivery.channel)?.(
        JSON.parse(this.#parts.vault.unseal(delivery.payload)),
        delivery,
      );
      await deliveries.finish(delivery.id, 'delivered', null, new Date().toISOString());
    } catch (error) {
      await this.#failed(delivery, error);
    }
  }

  async #failed(delivery: DeliveryRow, error: unknown): Promise<void> {
    const { deliveries } = this.#parts.db.stores;
    const reason = error instanceof Error ? error.message : String(error);
    const delay = error instanceof Undeliverable ? undefined : DELAYS_MS[delivery.attempts];
    if (delay !== undefined) {
      await deliveries.retryAt(delivery.id, inFuture(delay), reason);
      return;
    }
    const { channel, title } = delivery;
    this.#parts.logger.error({ err: error, channel, title }, 'a message was given up');
    await deliveries.finish(delivery.id, 'failed', reason, new Date().toISOString());
  }
}

function inFuture(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}
