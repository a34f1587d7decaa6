import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../../db/database.ts';
import { newId } from '../../ids.ts';
import { OneAtATime } from '../../one-at-a-time.ts';
import type { Changes } from '../../relay/changes.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { AuditStreamDelivery } from './delivery.ts';
import type { AuditStreamSender } from './sender.ts';
import type { AuditStreamRow } from './store.ts';

/** What another process wrote is found by looking; what this one wrote wakes it. */
const LOOK_MS = 5000;
/** Entries that are written together are delivered together. */
const GATHER_MS = 100;
const AT_ONCE = 20;
/** Longer than an attempt takes. A process that ended without a word keeps others from its streams so long. */
const LEASE_MS = 30_000;
const STOP_GRACE_MS = 2000;

interface Parts {
  db: Database;
  changes: Changes;
  sender: AuditStreamSender;
  notifications: NotificationService;
  logger: Logger;
  leaseMs?: number;
}

/**
 * Delivers the audit log to the receivers of streams. How far each has come is in the database, so nothing is lost
 * when this process ends; and the numbers of the chain are given in the order of commits, so nothing is skipped.
 */
export class AuditStreamer {
  readonly #parts: Parts;
  readonly #owner = newId();
  readonly #delivery: AuditStreamDelivery;
  readonly #looks: OneAtATime;
  readonly #streams: OneAtATime;
  readonly #busy = new Set<string>();
  readonly #onAudit = (): void => this.#wakeSoon();
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  /** Whether a look is worth its query after each commit. */
  #hasStreams = false;
  #stopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#delivery = new AuditStreamDelivery({ ...parts, owner: this.#owner });
    const onError = (error: unknown): void => {
      if (!this.#stopped) {
        parts.logger.error({ err: error }, 'the audit log could not be delivered');
      }
    };
    this.#looks = new OneAtATime(() => this.#startDue(), onError);
    this.#streams = new OneAtATime((id) => this.#work(id), onError);
  }

  async start(): Promise<void> {
    await this.#parts.db.stores.auditStreamStates.endLeasesOfBefore();
    this.#parts.changes.on('audit', this.#onAudit);
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
    void this.#look();
  }

  /** A stream was made or changed. */
  wake(): void {
    this.#hasStreams = true;
    this.#looks.start('all');
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#parts.changes.off('audit', this.#onAudit);
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    const ended = Promise.all([this.#looks.stop(), this.#streams.stop()]);
    await Promise.race([ended, sleep(STOP_GRACE_MS, undefined, { ref: false })]);
  }

  #wakeSoon(): void {
    if (this.#hasStreams && !this.#stopped) {
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined;
        this.#looks.start('all');
      }, GATHER_MS);
    }
  }

  async #look(): Promise<void> {
    try {
      this.#hasStreams = await this.#parts.db.stores.auditStreamStates.hasActive();
    } catch {
      // The look that follows says what is wrong.
      this.#hasStreams = true;
    }
    if (this.#hasStreams) {
      this.#looks.start('all');
    }
  }

  async #startDue(): Promise<void> {
    const free = AT_ONCE - this.#busy.size;
    if (free > 0) {
      const { auditStreamStates } = this.#parts.db.stores;
      for (const id of await auditStreamStates.due(new Date().toISOString(), free)) {
        this.#streams.start(id);
      }
    }
  }

  async #work(id: string): Promise<void> {
    this.#busy.add(id);
    try {
      while (!this.#stopped && (await this.#turn(id))) {
        // The next batch follows.
      }
      await this.#parts.db.stores.auditStreamStates.release(id, this.#owner);
    } finally {
      this.#busy.delete(id);
    }
    // What was written while the lease was still there woke nobody.
    this.#looks.start('all');
  }

  /** @returns whether there may be more */
  async #turn(id: string): Promise<boolean> {
    const stream = await this.#take(id);
    return stream !== null && (await this.#delivery.deliverNext(stream)) === 'more';
  }

  async #take(id: string): Promise<AuditStreamRow | null> {
    const { auditStreams, auditStreamStates } = this.#parts.db.stores;
    const now = Date.now();
    const leaseMs = this.#parts.leaseMs ?? LEASE_MS;
    const until = now + leaseMs;
    const lease = { owner: this.#owner, until: new Date(until).toISOString() };
    if (!(await auditStreamStates.take(id, lease, new Date(now).toISOString()))) {
      return null;
    }
    const stream = await auditStreams.find(id);
    // The process or the database stood still: somebody else may have it by now.
    return Date.now() - now > leaseMs / 2 ? null : stream;
  }
}
