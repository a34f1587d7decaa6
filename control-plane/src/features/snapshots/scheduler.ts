import type { Logger } from 'pino';
import { SYSTEM } from '../../access/actor.ts';
import type { Database } from '../../db/database.ts';
import { nextTime } from '../../next-time.ts';
import { instanceSettings } from '../settings/levels.ts';
import type { ScheduleRow } from './schedule-store.ts';
import type { SnapshotService } from './service.ts';

const LOOK_EVERY_MS = 20_000;

interface Parts {
  db: Database;
  snapshots: SnapshotService;
  logger: Logger;
}

/**
 * Takes snapshots by the schedules of instances. When the next one is due is in the database: whoever moves it on takes
 * the snapshot, in one transaction. What was due while nothing ran is made up for once.
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
    this.#looking = this.#looking
      .then(() => this.#look(now))
      .catch((error: unknown) =>
        this.#parts.logger.error({ err: error }, 'schedules could not be looked at'),
      );
    return this.#looking;
  }

  async #look(now: number): Promise<void> {
    const { snapshotSchedules } = this.#parts.db.stores;
    const known = await snapshotSchedules.all();
    for (const id of await snapshotSchedules.candidates()) {
      const row = known.get(id);
      if (await this.#follow(id, row, now)) {
        known.delete(id);
      }
    }
    if (known.size > 0) {
      await snapshotSchedules.delete([...known.keys()]);
    }
  }

  /** @returns whether the instance has a schedule */
  async #follow(id: string, row: ScheduleRow | undefined, now: number): Promise<boolean> {
    const { stores } = this.#parts.db;
    const instance = await stores.instances.find(id);
    if (instance === null) {
      return false;
    }
    const settings = await instanceSettings(stores, instance);
    const expression = settings['snapshots.schedule'];
    const timeZone = settings['snapshots.scheduleTimeZone'];
    const following = expression === null ? null : nextTime(expression, timeZone, now);
    if (expression === null || following === null) {
      return false;
    }
    const nextAt = following.toISOString();
    if (row === undefined || row.expression !== expression || row.timeZone !== timeZone) {
      await stores.snapshotSchedules.put({ instanceId: id, expression, timeZone, nextAt });
    } else if (Date.parse(row.nextAt) <= now) {
      await this.#take(row, nextAt);
    }
    return true;
  }

  async #take(row: ScheduleRow, following: string): Promise<void> {
    const { db, snapshots, logger } = this.#parts;
    const work = db.transact(async (tx) => {
      if (await tx.stores.snapshotSchedules.claim(row, following)) {
        await snapshots.takeIfChanged(tx, SYSTEM, row.instanceId, { name: 'By schedule', kind: 'auto' });
      }
    });
    await work.catch((error: unknown) => {
      logger.error({ err: error, instanceId: row.instanceId }, 'a snapshot by schedule could not be taken');
    });
  }
}
