import { auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { type CutBatch, cutBatch } from './batch.ts';
import type { Failure } from './delivery-state-store.ts';
import { type AuditStreamSender, ReceiverGone } from './sender.ts';
import type { AuditStreamRow } from './store.ts';

const MINUTE_MS = 60_000;
/** Small enough for receivers that take bodies up to 100 KB, as many do. */
const MAX_BATCH_BYTES = 64 * 1024;
const MAX_BATCH_ENTRIES = 100;
/** Waiting times between attempts; the last one from then on: it is never given up. */
const DELAYS_MS = [5000, 15_000, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS];
const TELL_AFTER_MS = 60 * MINUTE_MS;
const MAX_ERROR = 500;

interface Parts {
  db: Database;
  sender: AuditStreamSender;
  notifications: NotificationService;
  /** Names this process in leases. */
  owner: string;
}

/** Whether to go on with the stream, or to leave it for now. */
export type Outcome = 'more' | 'done';

/** Delivers the next batch of a stream that this process has taken, and writes down how that went. */
export class AuditStreamDelivery {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async deliverNext(stream: AuditStreamRow): Promise<Outcome> {
    const { stores } = this.#parts.db;
    const linked = await stores.audit.readChain(stream.cursor, MAX_BATCH_ENTRIES, stream.teamId);
    const batch = cutBatch(linked, MAX_BATCH_BYTES);
    if (batch === null) {
      return 'done';
    }
    const missing = stream.missing + batch.missing;
    if (batch.entries.length > 0) {
      try {
        await this.#parts.sender.send(stream, { missing, entries: batch.entries });
      } catch (error) {
        await this.#failed(stream, error);
        return 'done';
      }
    }
    return this.#arrived(stream, batch, missing);
  }

  async #arrived(stream: AuditStreamRow, { cursor, entries }: CutBatch, missing: number): Promise<Outcome> {
    const newest = entries.at(-1);
    const at = new Date().toISOString();
    const moved = await this.#parts.db.stores.auditStreamStates.proceed(stream, this.#parts.owner, {
      cursor,
      missing: newest ? 0 : missing,
      last: newest ? { sequence: newest.sequence, entryAt: newest.at, at } : null,
    });
    if (moved && newest && stream.told) {
      await this.#parts.db.transact((tx) =>
        this.#parts.notifications.resolve(tx, stream.id, ['audit-stream.failed']),
      );
    }
    return 'more';
  }

  async #failed(stream: AuditStreamRow, thrown: unknown): Promise<void> {
    const { db, owner } = this.#parts;
    const now = Date.now();
    const failure = {
      attempts: stream.attempts + 1,
      nextAt: new Date(now + (DELAYS_MS[stream.attempts] ?? 15 * MINUTE_MS)).toISOString(),
      since: stream.failingSince ?? new Date(now).toISOString(),
      error: (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, MAX_ERROR),
    };
    if (thrown instanceof ReceiverGone) {
      await this.#switchOff(stream, failure);
      return;
    }
    const noted = await db.stores.auditStreamStates.fail(stream, owner, failure);
    if (noted && !stream.told && now - Date.parse(failure.since) >= TELL_AFTER_MS) {
      await db.transact(async (tx) => {
        if (await tx.stores.auditStreamStates.tell(stream)) {
          const head = 'The audit log has not been delivered for an hour. It waits, and is tried again.';
          await this.#tell(tx, stream, `${head}\n${failure.error}`);
        }
      });
    }
  }

  async #switchOff(stream: AuditStreamRow, failure: Failure): Promise<void> {
    await this.#parts.db.transact(async (tx) => {
      if (!(await tx.stores.auditStreamStates.switchOff(stream, this.#parts.owner, failure))) {
        return;
      }
      const { id, name, teamId } = stream;
      await tx.audit({
        event: 'audit-stream.switched-off',
        actor: auditActor(SYSTEM),
        teamId,
        applicationId: null,
        subject: { kind: 'audit-stream', id, name },
        details: { reason: failure.error },
      });
      await this.#tell(tx, stream, `The stream of the audit log was switched off. ${failure.error}`);
    });
  }

  #tell(tx: Transaction, { id, name, teamId }: AuditStreamRow, text: string): Promise<void> {
    return this.#parts.notifications.raise(tx, {
      kind: 'audit-stream.failed',
      teamId,
      applicationId: null,
      subject: { kind: 'audit-stream', id, name },
      text,
    });
  }
}
