import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../../db/database.ts';
import { newId } from '../../ids.ts';
import { OneAtATime } from '../../one-at-a-time.ts';
import type { PartRepair } from './part-repair.ts';

const LOOK_EVERY_MS = 10_000;
const ALL_EVERY_MS = 7 * 24 * 3600_000;
const LOST_EVERY_MS = 3600_000;
/** After so many its progress is written down. */
const AT_ONCE = 50;
/** Longer than so many take. */
const LEASE_MS = 10 * 60_000;
/** Of ten seconds it reads one. */
const REST_FACTOR = 9;
const LONGEST_REST_MS = 2000;

interface Parts {
  db: Pick<Database, 'stores'>;
  repair: Pick<PartRepair, 'repair'>;
  logger: Logger;
}

/**
 * Reads all parts of snapshots once a week, slowly and one at a time, and has those mended that are damaged. How far it
 * is, is in the database, so that it goes on there after a restart; of several control planes one does it.
 */
export class PartCheck {
  readonly #parts: Parts;
  readonly #owner = newId();
  readonly #looks: OneAtATime;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #lostLookedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#looks = new OneAtATime(
      () => this.look(),
      (error) => parts.logger.error({ err: error }, 'the parts of snapshots could not be read'),
    );
  }

  start(): void {
    this.#looks.start('parts');
    this.#timer = setInterval(() => this.#looks.start('parts'), LOOK_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#looks.stop();
  }

  /** Does what is due. */
  async look(now: number = Date.now()): Promise<void> {
    const { partChecks } = this.#parts.db.stores;
    if (now - this.#lostLookedAt >= LOST_EVERY_MS) {
      this.#lostLookedAt = now;
      await this.#lookAtLost();
    }
    const { finishedAt } = await partChecks.progress();
    const isDue = finishedAt === null || now - Date.parse(finishedAt) >= ALL_EVERY_MS;
    if (!isDue || !(await this.#hold())) {
      return;
    }
    try {
      await this.#readAll(now);
    } finally {
      await partChecks.release(this.#owner);
    }
  }

  #hold(): Promise<boolean> {
    const now = Date.now();
    const until = new Date(now + LEASE_MS).toISOString();
    return this.#parts.db.stores.partChecks.hold(this.#owner, new Date(now).toISOString(), until);
  }

  /** What was lost may have been kept again, and a device that has it may be there now. */
  async #lookAtLost(): Promise<void> {
    for (const digest of await this.#parts.db.stores.partChecks.lost()) {
      if (this.#stopping.signal.aborted) {
        return;
      }
      await this.#parts.repair.repair(digest);
    }
  }

  async #readAll(now: number): Promise<void> {
    const { partChecks } = this.#parts.db.stores;
    for (;;) {
      const progress = await partChecks.progress();
      const page = await partChecks.next(progress.position, AT_ONCE);
      const last = page.at(-1);
      if (last === undefined) {
        await partChecks.setProgress({ position: '', finishedAt: new Date(now).toISOString() });
        const { length: lost } = await partChecks.lost();
        this.#parts.logger.info({ lost }, 'all parts of snapshots were read');
        return;
      }
      for (const digest of page) {
        await this.#read(digest);
        if (this.#stopping.signal.aborted) {
          return;
        }
      }
      await partChecks.setProgress({ ...progress, position: last });
      if (!(await this.#hold())) {
        return;
      }
    }
  }

  async #read(digest: string): Promise<void> {
    const begin = performance.now();
    if ((await this.#parts.db.stores.blobs.peek(digest)) === null) {
      await this.#parts.repair.repair(digest);
    }
    const rest = Math.min((performance.now() - begin) * REST_FACTOR, LONGEST_REST_MS);
    await wait(rest, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
