import { randomBytes } from 'node:crypto';
import {
  type AuditEventName,
  type AuditStreamTest,
  type AuditStreamView,
  type ListQuery,
  MOST_AUDIT_STREAMS,
  type Page,
} from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { presentAuditStream } from './presenter.ts';
import type { AuditStreamSender } from './sender.ts';
import type { AuditStreamRow, AuditStreamStore } from './store.ts';

const SECRET_BYTES = 32;

interface Parts {
  db: Database;
  vault: Vault;
  sender: AuditStreamSender;
  notifications: NotificationService;
  /** There may be something to deliver. */
  wake: () => void;
}

type StreamChange = { name?: string | undefined; url?: string | undefined; active?: boolean | undefined };

/** Programs to which the audit log of a team, or with null of the whole platform, is delivered. */
export class AuditStreamService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async list(teamId: string | null, query: ListQuery): Promise<Page<AuditStreamView>> {
    const page = await this.#db.stores.auditStreams.list(teamId, query);
    const items: AuditStreamView[] = [];
    for (const row of page.items) {
      items.push(await this.#present(row));
    }
    return { ...page, items };
  }

  /** The first entry that it delivers is that of its making. */
  async create(
    actor: Actor,
    teamId: string | null,
    input: { name: string; url: string },
  ): Promise<{ stream: AuditStreamView; secret: string }> {
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const id = newId();
    await this.#db.transact(async (tx) => {
      await refuseTooMany(tx, teamId);
      const row = {
        id,
        teamId,
        ...input,
        secret: this.#parts.vault.seal(secret),
        cursor: (await tx.stores.audit.head())?.sequence ?? 0,
        createdAt: new Date().toISOString(),
      };
      await tx.stores.auditStreams.insert(row);
      await record(tx, actor, 'audit-stream.created', row, { receiver: hostOf(row) });
      tx.afterCommit(this.#parts.wake);
    });
    return { stream: await this.#view(teamId, id), secret };
  }

  async update(
    actor: Actor,
    teamId: string | null,
    id: string,
    change: StreamChange,
  ): Promise<AuditStreamView> {
    const changes = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    if (Object.keys(changes).length > 0) {
      await this.#db.transact(async (tx) => {
        const before = await requireStream(tx.stores.auditStreams, teamId, id);
        await tx.stores.auditStreams.update(id, changes);
        await this.#begunAnew(tx, before);
        await record(tx, actor, 'audit-stream.changed', before, {
          before: named(before, changes),
          after: named({ ...before, ...changes }, changes),
        });
      });
    }
    return this.#view(teamId, id);
  }

  /** Goes back to the first entry since a time. Nothing is ever skipped so. */
  async replay(actor: Actor, teamId: string | null, id: string, from: string): Promise<AuditStreamView> {
    const since = new Date(from).toISOString();
    await this.#db.transact(async (tx) => {
      const stream = await requireStream(tx.stores.auditStreams, teamId, id);
      const cursor = await tx.stores.auditStreams.cursorBefore(teamId, since);
      if (cursor === null || cursor >= stream.cursor) {
        throw invalid(
          'from',
          'is after all that was delivered: there is nothing to deliver again. Choose an earlier time',
        );
      }
      await tx.stores.auditStreams.moveBack(id, cursor);
      await this.#begunAnew(tx, stream);
      await record(tx, actor, 'audit-stream.replayed', stream, { from: since });
    });
    return this.#view(teamId, id);
  }

  async delete(actor: Actor, teamId: string | null, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const stream = await requireStream(tx.stores.auditStreams, teamId, id);
      await tx.stores.auditStreams.delete(id);
      await this.#begunAnew(tx, stream);
      await record(tx, actor, 'audit-stream.deleted', stream);
    });
  }

  /** Sends an empty batch, also when the stream is switched off. */
  async test(actor: Actor, teamId: string | null, id: string): Promise<AuditStreamTest> {
    const stream = await this.#db.transact(async (tx) => {
      const row = await requireStream(tx.stores.auditStreams, teamId, id);
      await record(tx, actor, 'audit-stream.tested', row);
      return row;
    });
    try {
      await this.#parts.sender.send(stream, { missing: 0, entries: [] });
      return { delivered: true, error: null };
    } catch (error) {
      return { delivered: false, error: error instanceof Error ? error.message : String(error) };
    }
  }

  /** What failed before may go well now: whether it does is seen at the next attempt. */
  async #begunAnew(tx: Transaction, stream: AuditStreamRow): Promise<void> {
    if (stream.told) {
      await this.#parts.notifications.resolve(tx, stream.id, ['audit-stream.failed']);
    }
    tx.afterCommit(this.#parts.wake);
  }

  async #view(teamId: string | null, id: string): Promise<AuditStreamView> {
    return this.#present(await requireStream(this.#db.stores.auditStreams, teamId, id));
  }

  async #present(row: AuditStreamRow): Promise<AuditStreamView> {
    return presentAuditStream(row, await this.#db.stores.auditStreams.countWaiting(row));
  }
}

async function refuseTooMany(tx: Transaction, teamId: string | null): Promise<void> {
  if (teamId === null) {
    await tx.stores.auditStreams.lockPlatform();
  } else {
    await tx.stores.teams.lock(teamId);
  }
  if ((await tx.stores.auditStreams.countOf(teamId)) >= MOST_AUDIT_STREAMS) {
    throw conflict(
      'too_many',
      `There may be ${MOST_AUDIT_STREAMS} streams of one audit log. Delete one that is not needed.`,
    );
  }
}

async function requireStream(
  streams: AuditStreamStore,
  teamId: string | null,
  id: string,
): Promise<AuditStreamRow> {
  const stream = await streams.find(id);
  if (stream?.teamId !== teamId) {
    throw notFound('audit stream');
  }
  return stream;
}

/** Addresses may hold secrets of the receiver, so only its host is told. */
function hostOf({ url }: Pick<AuditStreamRow, 'url'>): string {
  return new URL(url).host;
}

function named(row: AuditStreamRow, changes: object): Record<string, unknown> {
  const all: Record<string, unknown> = { name: row.name, active: row.active, url: hostOf(row) };
  return Object.fromEntries(Object.keys(changes).map((key) => [key, all[key]]));
}

async function record(
  tx: Transaction,
  actor: Actor,
  event: AuditEventName,
  { id, name, teamId }: Pick<AuditStreamRow, 'id' | 'name' | 'teamId'>,
  details?: Record<string, unknown>,
): Promise<void> {
  await tx.audit({
    event,
    actor: auditActor(actor),
    teamId,
    applicationId: null,
    subject: { kind: 'audit-stream', id, name },
    ...(details && { details }),
  });
}
