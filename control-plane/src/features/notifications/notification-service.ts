import {
  type ListQuery,
  NOTIFICATION_KINDS,
  type NotificationKind,
  type NotificationSettings,
  type NotificationSummary,
  type NotificationView,
  OWNERS_KINDS,
  type Page,
} from '@flowyard/protocol';
import { auditActor, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { mapPage } from '../../db/paging.ts';
import { newId } from '../../ids.ts';
import type { Changes } from '../../relay/changes.ts';
import type { Mailer } from './mailer.ts';
import type { NotificationRow, Recipient } from './notification-store.ts';
import { letterOf, presentNotification } from './presenter.ts';
import { isTold, sightOf } from './sight.ts';
import type { WebhookSender } from './webhook-sender.ts';

/** What happens again within this time is one notification with a count, and no further message goes out. */
const SAME_WITHIN_MS = 60 * 60_000;
const KEEP_MS = 90 * 24 * 60 * 60_000;
const MAX_TEXT = 4000;

export interface NewNotification {
  kind: NotificationKind;
  /** Null for what concerns the platform, or one person. */
  teamId: string | null;
  applicationId: string | null;
  subject: { kind: string; id: string; name: string };
  /** For people; the first line says what happened. */
  text: string;
  /** Only for this person. */
  userId?: string;
}

interface Parts {
  db: Database;
  changes: Changes;
  mailer: Mailer;
  webhooks: WebhookSender;
  publicUrl: () => string;
}

/** Tells people what happened: on the page, by e-mail, and programs by webhooks. */
export class NotificationService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  /** Tells whoever should know, once the transaction is committed. */
  async raise(tx: Transaction, news: NewNotification): Promise<void> {
    const now = new Date();
    const at = now.toISOString();
    const text = news.text.slice(0, MAX_TEXT);
    const since = new Date(now.getTime() - SAME_WITHIN_MS).toISOString();
    const same = await tx.stores.notifications.findRecent(news.kind, news.subject.id, since);
    if (same !== null && same.userId === (news.userId ?? null)) {
      await tx.stores.notifications.repeat(same.id, { text, at });
    } else {
      const row = rowOf(news, text, at);
      await tx.stores.notifications.insert(row);
      await this.#sendMails(tx, row);
      await this.#parts.webhooks.queue(tx, row);
    }
    tx.announce({ kind: 'notification', id: news.userId ?? '', teamId: null, applicationId: null });
  }

  /** It is over. */
  resolve(tx: Transaction, subjectId: string, kinds: readonly NotificationKind[]): Promise<void> {
    return this.resolveAll(tx, [subjectId], kinds);
  }

  /** The same for many things. */
  async resolveAll(
    tx: Transaction,
    subjectIds: readonly string[],
    kinds: readonly NotificationKind[],
  ): Promise<void> {
    if (subjectIds.length === 0) {
      return;
    }
    const resolved = await tx.stores.notifications.resolve(subjectIds, kinds, new Date().toISOString());
    if (resolved > 0) {
      tx.announce({ kind: 'notification', id: '', teamId: null, applicationId: null });
    }
  }

  async list(actor: UserActor, query: ListQuery, onlyUnread: boolean): Promise<Page<NotificationView>> {
    const { stores } = this.#db;
    const sight = await sightOf(stores.scopes, actor);
    return mapPage(await stores.notifications.list(sight, query, onlyUnread), presentNotification);
  }

  async summary(actor: UserActor): Promise<NotificationSummary> {
    const { stores } = this.#db;
    return { unread: await stores.notifications.countUnread(await sightOf(stores.scopes, actor)) };
  }

  async markRead(
    actor: UserActor,
    which: { ids: string[] } | { upTo: string },
  ): Promise<NotificationSummary> {
    const { stores } = this.#db;
    await stores.notifications.markRead(await sightOf(stores.scopes, actor), which);
    this.#parts.changes.entity({ kind: 'notification', id: actor.userId, teamId: null, applicationId: null });
    return this.summary(actor);
  }

  async settings(actor: UserActor): Promise<NotificationSettings> {
    const choices = await this.#db.stores.notifications.emailChoices(actor.userId);
    const user = await this.#db.stores.users.find(actor.userId);
    return {
      email: choices === null ? {} : JSON.parse(choices),
      emailAvailable: this.#parts.mailer.isConfigured,
      emailAddress: user?.email ?? null,
    };
  }

  async setSettings(actor: UserActor, email: NotificationSettings['email']): Promise<NotificationSettings> {
    await this.#db.transact(async (tx) => {
      const before = await tx.stores.notifications.emailChoices(actor.userId);
      await tx.stores.notifications.setEmailChoices(actor.userId, JSON.stringify(email));
      await tx.audit({
        event: 'notification-settings.changed',
        actor: auditActor(actor),
        teamId: null,
        applicationId: null,
        subject: { kind: 'user', id: actor.userId, name: actor.username },
        details: { before: { email: before === null ? {} : JSON.parse(before) }, after: { email } },
      });
    });
    return this.settings(actor);
  }

  async deleteOld(now: number = Date.now()): Promise<void> {
    await this.#db.stores.notifications.deleteBefore(new Date(now - KEEP_MS).toISOString());
  }

  async #sendMails(tx: Transaction, row: NotificationRow): Promise<void> {
    if (!this.#parts.mailer.isConfigured || row.userId !== null) {
      return;
    }
    const people = await tx.stores.notifications.recipients(row.teamId, row.applicationId);
    for (const { email } of people.filter((person) => wantsMail(person, row.kind))) {
      await this.#parts.mailer.sendIn(tx, { to: email, ...letterOf(row, this.#parts.publicUrl()) });
    }
  }
}

/** What a person chose; otherwise owners get e-mail for errors. */
export function wantsMail(
  { role, choices }: Pick<Recipient, 'role' | 'choices'>,
  kind: NotificationKind,
): boolean {
  if (!isTold(role) || (OWNERS_KINDS.includes(kind) && role !== 'owner')) {
    return false;
  }
  const chosen: boolean | undefined = choices === null ? undefined : JSON.parse(choices)[kind];
  return chosen ?? (role === 'owner' && NOTIFICATION_KINDS[kind].severity === 'error');
}

function rowOf(news: NewNotification, text: string, at: string): NotificationRow {
  return {
    id: newId(),
    kind: news.kind,
    teamId: news.teamId,
    applicationId: news.applicationId,
    userId: news.userId ?? null,
    subjectKind: news.subject.kind,
    subjectId: news.subject.id,
    subjectName: news.subject.name,
    text,
    count: 1,
    at,
    resolvedAt: null,
  };
}
