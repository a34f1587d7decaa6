import { createHmac } from 'node:crypto';
import type { NotificationKind } from '@flowyard/protocol';
import { NOTIFICATION_KINDS } from '@flowyard/protocol';
import type { Database, Transaction } from '../../db/database.ts';
import type { Vault } from '../../secrets/vault.ts';
import { type DeliveryQueue, Undeliverable } from './delivery-queue.ts';
import type { DeliveryRow } from './delivery-store.ts';
import type { NotificationRow } from './notification-store.ts';
import type { PostJson } from './post-json.ts';
import { pageOf } from './presenter.ts';
import type { WebhookRow } from './webhook-store.ts';

/** What a webhook gets, as JSON. */
export interface WebhookMessage {
  /** The same when a message comes twice. */
  id: string;
  kind: NotificationKind | 'test';
  severity: string;
  at: string;
  teamId: string | null;
  applicationId: string | null;
  subject: { kind: string; id: string; name: string };
  text: string;
  /** The page of what it is about. */
  url: string;
}

interface Parts {
  db: Database;
  vault: Vault;
  queue: DeliveryQueue;
  post: PostJson;
  publicUrl: () => string;
}

const GONE = 410;

/** Sends notifications to the webhooks of their team, signed. */
export class WebhookSender {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.queue.use('webhook', (message, delivery) => this.#deliver(message as WebhookMessage, delivery));
  }

  /** Queues a notification for every webhook of its team that wants its kind. */
  async queue(tx: Transaction, row: NotificationRow): Promise<void> {
    if (row.teamId === null || row.userId !== null) {
      return;
    }
    const webhooks = await tx.stores.webhooks.activeOf(row.teamId);
    for (const webhook of webhooks.filter(({ kinds }) => kinds.includes(row.kind))) {
      await this.add(tx, webhook, messageOf(row, this.#parts.publicUrl()));
    }
  }

  async add(tx: Transaction, webhook: WebhookRow, message: WebhookMessage): Promise<void> {
    const title = `${message.kind}: ${message.subject.name}`;
    await this.#parts.queue.add(tx, { channel: 'webhook', webhookId: webhook.id, title, payload: message });
  }

  async #deliver(message: WebhookMessage, delivery: DeliveryRow): Promise<void> {
    const webhook = await this.#parts.db.stores.webhooks.find(delivery.webhookId ?? '');
    if (!webhook?.active) {
      throw new Undeliverable('The webhook was deleted or switched off.');
    }
    const body = JSON.stringify(message);
    const status = await this.#parts.post(webhook.url, body, {
      'x-flowyard-event': message.kind,
      'x-flowyard-delivery': delivery.id,
      'x-flowyard-signature': signatureOf(this.#parts.vault.unseal(webhook.secret), body),
    });
    if (status === GONE) {
      throw new Undeliverable('The receiver answered 410: it wants no more messages.');
    }
    if (status < 200 || status > 299) {
      throw new Error(`The receiver answered ${status}.`);
    }
  }
}

/** `t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`, so that old messages cannot be sent again. */
export function signatureOf(secret: string, body: string, now: number = Date.now()): string {
  const seconds = Math.floor(now / 1000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

function messageOf(row: NotificationRow, publicUrl: string): WebhookMessage {
  return {
    id: row.id,
    kind: row.kind,
    severity: NOTIFICATION_KINDS[row.kind].severity,
    at: row.at,
    teamId: row.teamId,
    applicationId: row.applicationId,
    subject: { kind: row.subjectKind, id: row.subjectId, name: row.subjectName },
    text: row.text,
    url: pageOf(row, publicUrl),
  };
}
