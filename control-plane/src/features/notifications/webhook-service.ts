import { randomBytes } from 'node:crypto';
import type {
  AuditEventName,
  ListQuery,
  NotificationKind,
  Page,
  WebhookDelivery,
  WebhookView,
} from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { mapPage } from '../../db/paging.ts';
import { conflict, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { WebhookSender } from './webhook-sender.ts';
import type { LastDelivery, WebhookRow } from './webhook-store.ts';

const SECRET_BYTES = 32;
const MOST_WEBHOOKS = 20;
const SHOWN_DELIVERIES = 50;

interface Parts {
  db: Database;
  vault: Vault;
  sender: WebhookSender;
  publicUrl: () => string;
}

type WebhookInput = { name: string; url: string; kinds: NotificationKind[] };
type WebhookChange = { [K in keyof WebhookInput]?: WebhookInput[K] | undefined } & {
  active?: boolean | undefined;
};

/** Webhooks of teams: programs that are told what happens. */
export class WebhookService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async list(teamId: string, query: ListQuery): Promise<Page<WebhookView>> {
    const page = await this.#db.stores.webhooks.list(teamId, query);
    const last = await this.#db.stores.webhooks.lastDeliveries(page.items.map(({ id }) => id));
    return mapPage(page, (row) => present(row, last.get(row.id)));
  }

  async create(
    actor: Actor,
    teamId: string,
    input: WebhookInput,
  ): Promise<{ webhook: WebhookView; secret: string }> {
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const webhook: WebhookRow = {
      id: newId(),
      teamId,
      ...input,
      secret: this.#parts.vault.seal(secret),
      active: true,
      createdAt: new Date().toISOString(),
    };
    await this.#db.transact(async (tx) => {
      await tx.stores.teams.lock(teamId);
      if ((await tx.stores.webhooks.countOf(teamId)) >= MOST_WEBHOOKS) {
        throw conflict(
          'too_many',
          `A team may have ${MOST_WEBHOOKS} webhooks. Delete one that is not needed.`,
        );
      }
      await tx.stores.webhooks.insert(webhook);
      await record(tx, actor, 'webhook.created', webhook, {
        receiver: new URL(webhook.url).host,
        kinds: webhook.kinds,
      });
    });
    return { webhook: present(webhook, undefined), secret };
  }

  async update(actor: Actor, teamId: string, id: string, change: WebhookChange): Promise<WebhookView> {
    const changes = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    await this.#db.transact(async (tx) => {
      const before = await this.#require(tx.stores.webhooks, teamId, id);
      if (Object.keys(changes).length > 0) {
        await tx.stores.webhooks.update(id, changes);
        await record(tx, actor, 'webhook.changed', before, {
          before: named(before, changes),
          after: named({ ...before, ...changes }, changes),
        });
      }
    });
    const row = await this.#require(this.#db.stores.webhooks, teamId, id);
    const last = await this.#db.stores.webhooks.lastDeliveries([id]);
    return present(row, last.get(id));
  }

  async delete(actor: Actor, teamId: string, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const webhook = await this.#require(tx.stores.webhooks, teamId, id);
      await tx.stores.webhooks.delete(id);
      await tx.stores.deliveries.deleteOfWebhook(id);
      await record(tx, actor, 'webhook.deleted', webhook);
    });
  }

  async test(actor: Actor, teamId: string, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const webhook = await this.#require(tx.stores.webhooks, teamId, id);
      if (!webhook.active) {
        throw conflict('switched_off', `${webhook.name} is switched off. Switch it on first.`);
      }
      await this.#parts.sender.add(tx, webhook, {
        id: newId(),
        kind: 'test',
        severity: 'info',
        at: new Date().toISOString(),
        teamId,
        applicationId: null,
        subject: { kind: 'webhook', id, name: webhook.name },
        text: 'A test message. When it arrives, others will, too.',
        url: `${this.#parts.publicUrl()}/teams/${teamId}/settings`,
      });
      await record(tx, actor, 'webhook.tested', webhook);
    });
  }

  async deliveries(teamId: string, id: string): Promise<WebhookDelivery[]> {
    await this.#require(this.#db.stores.webhooks, teamId, id);
    const rows = await this.#db.stores.deliveries.ofWebhook(id, SHOWN_DELIVERIES);
    return rows.map((row) => ({
      id: row.id,
      title: row.title,
      state: row.state,
      attempts: row.attempts,
      error: row.error,
      at: row.createdAt,
      nextAt: row.state === 'waiting' ? row.nextAt : null,
    }));
  }

  async #require(
    store: { find(id: string): Promise<WebhookRow | null> },
    teamId: string,
    id: string,
  ): Promise<WebhookRow> {
    const webhook = await store.find(id);
    if (webhook?.teamId !== teamId) {
      throw notFound('webhook');
    }
    return webhook;
  }
}

/** What was changed, for the audit log. Addresses may hold secrets of the receiver, so only its host is told. */
function named(row: WebhookRow, changes: object): Record<string, unknown> {
  const { name, kinds, active } = row;
  const all: Record<string, unknown> = { name, kinds, active, url: new URL(row.url).host };
  return Object.fromEntries(Object.keys(changes).map((key) => [key, all[key]]));
}

async function record(
  tx: Transaction,
  actor: Actor,
  event: AuditEventName,
  { id, name, teamId }: WebhookRow,
  details?: Record<string, unknown>,
): Promise<void> {
  await tx.audit({
    event,
    actor: auditActor(actor),
    teamId,
    applicationId: null,
    subject: { kind: 'webhook', id, name },
    ...(details && { details }),
  });
}

function present(row: WebhookRow, last: LastDelivery | undefined): WebhookView {
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    kinds: row.kinds,
    active: row.active,
    createdAt: row.createdAt,
    lastDelivery: last === undefined ? null : { state: last.state, at: last.createdAt, error: last.error },
  };
}
