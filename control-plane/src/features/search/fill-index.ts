import type { Logger } from 'pino';
import type { Database } from '../../db/database.ts';

const AT_ONCE = 20;

/** Puts the nodes of instances into the index that are older than it; one transaction for each. */
export class IndexFiller {
  readonly #parts: { db: Database; logger: Logger };
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(parts: { db: Database; logger: Logger }) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#fill().catch((error: unknown) => {
      this.#parts.logger.error(
        { err: error },
        'the search could not read all flows; it goes on at the next start',
      );
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #fill(): Promise<void> {
    const { db } = this.#parts;
    const failed = new Set<string>();
    for (;;) {
      const ids = (await db.stores.flowNodes.stale(AT_ONCE + failed.size)).filter((id) => !failed.has(id));
      if (ids.length === 0) {
        return;
      }
      for (const id of ids) {
        if (this.#stopped) {
          return;
        }
        await db
          .transact((tx) => tx.stores.flowNodes.renew(id))
          .catch((error: unknown) => {
            failed.add(id);
            this.#parts.logger.warn({ err: error, instanceId: id }, 'the search cannot read these flows');
          });
      }
    }
  }
}
