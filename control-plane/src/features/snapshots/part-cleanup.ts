import type { Logger } from 'pino';
import type { Database } from '../../db/database.ts';
import type { Cursor, PartCursor } from './part-cleanup-store.ts';

/** Longer than any transaction that carries a reference to a part from one place to another. */
export const GRACE_MS = 24 * 3600_000;

interface Parts {
  db: Pick<Database, 'stores'>;
  logger: Logger;
}

/**
 * Deletes parts of snapshots and flows that nothing refers to any more. A part is noted first and deleted a day later if
 * nothing refers to it still and nobody put it again meanwhile. Each step is one statement, so that it may be killed
 * at any moment, and several control planes may do it at once.
 */
export class PartCleanup {
  readonly #parts: Parts;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  run(now: number = Date.now()): Promise<void> {
    this.#running = this.#running.then(() => this.#run(now));
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(now: number): Promise<void> {
    try {
      await this.#clean(now);
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'parts that nothing refers to could not be deleted');
    }
  }

  async #clean(now: number): Promise<void> {
    const { partCleanup } = this.#parts.db.stores;
    const before = new Date(now - GRACE_MS).toISOString();
    let part: Cursor<PartCursor>;
    do {
      if (this.#stopped) {
        return;
      }
      part = await partCleanup.markOrphans(before, new Date(now).toISOString(), part);
    } while (part !== undefined);
    await partCleanup.unmark();
    while (!this.#stopped && (await partCleanup.deleteOrphans(before)) > 0) {
      // Goes on until there are no more.
    }
    let chunk: Cursor<number>;
    do {
      if (this.#stopped) {
        return;
      }
      chunk = await partCleanup.deleteChunks(before, chunk);
    } while (chunk !== undefined);
  }
}
