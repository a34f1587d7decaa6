import type { AuditEventName } from '@flowyard/protocol';
import type { Logger } from 'pino';
import { auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import type { PartCopies, PartCopy } from './part-copies.ts';

/** So long after nothing had a part nobody is asked again, however often it is read. */
const ASK_AGAIN_MS = 60_000;
const NAMED = 5;

interface Parts {
  db: Database;
  places: readonly PartCopies[];
  notifications: NotificationService;
  logger: Logger;
}

/**
 * Mends lost parts of snapshots from copies elsewhere. What a copy is called does not count: a part is mended when its
 * bytes have its digest. What cannot be mended is told to administrators.
 */
export class PartRepair {
  readonly #parts: Parts;
  readonly #db: Database;
  readonly #running = new Map<string, Promise<boolean>>();
  /** When nothing was found that has it. */
  readonly #hopelessSince = new Map<string, number>();
  readonly #stopping = new AbortController();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  /** Nothing is asked for copies any more; what was not found by now is not lost for that. */
  stop(): void {
    this.#stopping.abort();
  }

  /** For whoever has just read a part in vain. @returns whether it can be read now */
  async mend(digest: string): Promise<boolean> {
    const since = this.#hopelessSince.get(digest) ?? 0;
    return Date.now() - since < ASK_AGAIN_MS ? false : this.repair(digest);
  }

  /** @returns whether it can be read now */
  repair(digest: string): Promise<boolean> {
    const running = this.#running.get(digest);
    if (running !== undefined) {
      return running;
    }
    const repair = this.#repair(digest)
      .catch((error: unknown) => {
        this.#parts.logger.error({ err: error, digest }, 'a part of a snapshot could not be mended');
        return false;
      })
      .finally(() => this.#running.delete(digest));
    this.#running.set(digest, repair);
    return repair;
  }

  async #repair(digest: string): Promise<boolean> {
    const isIntact = await this.#isIntact(digest);
    const from = isIntact ? null : await this.#mendFromCopies(digest);
    if (isIntact || from !== null) {
      this.#hopelessSince.delete(digest);
      await this.#recordIntact(digest, from);
      return true;
    }
    if (this.#stopping.signal.aborted) {
      return false;
    }
    this.#hopelessSince.set(digest, Date.now());
    await this.#recordLost(digest);
    return false;
  }

  /** @returns from where it was mended; null when nothing has it */
  async #mendFromCopies(digest: string): Promise<string | null> {
    for (const place of this.#parts.places) {
      for await (const { from, bytes } of this.#copies(place, digest)) {
        if (this.#stopping.signal.aborted) {
          return null;
        }
        await this.#db.stores.blobs.mendWith(bytes, digest);
        if (await this.#isIntact(digest)) {
          return from;
        }
      }
    }
    return null;
  }

  /** A place that fails must not keep others from being asked. */
  async *#copies(place: PartCopies, digest: string): AsyncGenerator<PartCopy> {
    try {
      yield* place(digest, this.#stopping.signal);
    } catch (error) {
      this.#parts.logger.warn({ err: error, digest }, 'a place could not be asked for a part of a snapshot');
    }
  }

  async #isIntact(digest: string): Promise<boolean> {
    return (await this.#db.stores.blobs.peek(digest)) !== null;
  }

  async #recordIntact(digest: string, from: string | null): Promise<void> {
    await this.#db.transact(async (tx) => {
      const wasLost = await tx.stores.partChecks.forgetLost(digest);
      if (wasLost) {
        await this.#parts.notifications.resolve(tx, digest, ['snapshot-part.lost']);
      }
      if (from !== null) {
        const usedBy = await tx.stores.partUses.namesOf(digest, NAMED);
        await this.#audit(tx, 'snapshot-part.mended', { digest, from, usedBy });
        tx.afterCommit(() =>
          this.#parts.logger.warn({ digest, from, usedBy }, 'a damaged part of a snapshot was mended'),
        );
      }
    });
  }

  /** What nothing refers to is nobody's loss, and what was told once is not told again. */
  async #recordLost(digest: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      if (!(await tx.stores.partUses.isUsed(digest))) {
        await tx.stores.partChecks.forgetLost(digest);
        return;
      }
      if (!(await tx.stores.partChecks.noteLost(digest, new Date().toISOString()))) {
        return;
      }
      const usedBy = await tx.stores.partUses.namesOf(digest, NAMED);
      await this.#audit(tx, 'snapshot-part.lost', { digest, usedBy });
      await this.#parts.notifications.raise(tx, {
        kind: 'snapshot-part.lost',
        teamId: null,
        applicationId: null,
        subject: { kind: 'snapshot-part', id: digest, name: digest.slice(0, 'sha256-'.length + 12) },
        text: `A part of ${usedBy.join(', ') || 'a template'} is damaged in the database, and no copy of it was found.\nDeploy or upload the same content again, or restore a backup. Look at the disk of the database.`,
      });
      tx.afterCommit(() =>
        this.#parts.logger.error({ digest, usedBy }, 'a part of a snapshot is lost, and nothing has a copy'),
      );
    });
  }

  async #audit(tx: Transaction, event: AuditEventName, details: Record<string, unknown>): Promise<void> {
    await tx.audit({
      event,
      actor: auditActor(SYSTEM),
      teamId: null,
      applicationId: null,
      subject: { kind: 'platform', id: 'platform', name: 'Platform' },
      details,
    });
  }
}
