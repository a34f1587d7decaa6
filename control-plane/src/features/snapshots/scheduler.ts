import type { Logger } from 'pino';
import type { Database, Transaction } from '../../db/database.ts';
import type { Stores } from '../../db/stores.ts';
import { nextTime } from '../../next-time.ts';
import type { ScheduleRow, ScheduleStore } from './schedule-store.ts';

const LOOK_EVERY_MS = 20_000;

export interface Schedule {
  expression: string;
  timeZone: string | null;
}

/** One kind of what snapshots are taken of by schedule. */
export interface Scheduled {
  schedules(stores: Stores): ScheduleStore;
  /** The schedules of those of these that have one. */
  read(stores: Stores, ownerIds: string[]): Promise<Map<string, Schedule>>;
  /** What is done when one is due, in the transaction that moves the schedule on. */
  take(tx: Transaction, ownerId: string): Promise<unknown>;
}

interface Parts {
  db: Database;
  scheduled: readonly Scheduled[];
  logger: Logger;
}

/**
 * Takes snapshots by the schedules of instances and devices. When the next one is due is in the database: whoever moves
 * it on takes the snapshot, in one transaction. What was due while nothing ran is made up for once.
 */
export class SnapshotScheduler {
  readonly #parts: Parts;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    void this.look();
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  look(now: number = Date.now()): Promise<void> {
    for (const scheduled of this.#parts.scheduled) {
      this.#looking = this.#looking
        .then(() => this.#look(scheduled, now))
        .catch((error: unknown) =>
          this.#parts.logger.error({ err: error }, 'schedules could not be looked at'),
        );
    }
    return this.#looking;
  }

  async #look(scheduled: Scheduled, now: number): Promise<void> {
    const { stores } = this.#parts.db;
    const store = scheduled.schedules(stores);
    const known = await store.all();
    const next = new Map<string, string | null>();
    for (const [id, schedule] of await scheduled.read(stores, await store.candidates())) {
      const { expression, timeZone } = schedule;
      const key = JSON.stringify(schedule);
      // Thousands of devices have the one of their group.
      if (!next.has(key)) {
        next.set(key, nextTime(expression, timeZone, now)?.toISOString() ?? null);
      }
      const nextAt = next.get(key) ?? null;
      if (nextAt !== null) {
        await this.#follow(scheduled, known.get(id), { ownerId: id, expression, timeZone, nextAt }, now);
        known.delete(id);
      }
    }
    if (known.size > 0) {
      await store.delete([...known.keys()]);
    }
  }

  async #follow(
    scheduled: Scheduled,
    known: ScheduleRow | undefined,
    following: ScheduleRow,
    now: number,
  ): Promise<void> {
    const { expression, timeZone } = following;
    if (known === undefined || known.expression !== expression || known.timeZone !== timeZone) {
      await scheduled.schedules(this.#parts.db.stores).put(following);
    } else if (Date.parse(known.nextAt) <= now) {
      await this.#take(scheduled, known, following.nextAt);
    }
  }

  async #take(scheduled: Scheduled, row: ScheduleRow, following: string): Promise<void> {
    const { db, logger } = this.#parts;
    const work = db.transact(async (tx) => {
      if (await scheduled.schedules(tx.stores).claim(row, following)) {
        await scheduled.take(tx, row.ownerId);
      }
    });
    await work.catch((error: unknown) => {
      logger.error({ err: error, ownerId: row.ownerId }, 'a snapshot by schedule could not be taken');
    });
  }
}
