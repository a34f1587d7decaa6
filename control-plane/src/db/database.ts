import type { Knex } from 'knex';
import type { NewAuditEntry } from '../features/audit/store.ts';
import { despiteLostParts, type MendPart } from '../features/snapshots/lost-part.ts';
import type { Changes, EntityChange } from '../relay/changes.ts';
import { despiteDeadlocks } from './deadlocks.ts';
import { createStores, type Stores } from './stores.ts';

/** One transaction: its stores, and what follows once it is committed. */
export interface Transaction {
  stores: Stores;
  /** Written with the commit: other transactions wait only that long for the chain of the audit log. */
  audit(entry: NewAuditEntry): Promise<void>;
  /** Announces a change after the commit; once, however often it is asked for. */
  announce(change: EntityChange): void;
  /** Runs after the commit; never when the transaction is rolled back. */
  afterCommit(effect: () => void): void;
}

/** The database: stores to read from, and transactions to write with. */
export class Database {
  readonly stores: Stores;
  readonly #knex: Knex;
  readonly #changes: Changes;
  readonly #auditKey: Buffer;
  #mendPart: MendPart = async () => false;

  constructor(knex: Knex, changes: Changes, auditKey: Buffer) {
    this.#knex = knex;
    this.#changes = changes;
    this.#auditKey = auditKey;
    this.stores = createStores(knex, (digest) => this.#mendPart(digest));
  }

  /** What is asked before a part of a snapshot counts as lost. */
  mendPartsBy(mend: MendPart): void {
    this.#mendPart = mend;
  }

  /**
   * Inside `work` only the stores of the transaction may be used: SQLite has one connection. It may run more than once,
   * so that what follows from it belongs into `announce` and `afterCommit`.
   */
  async transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const { result, effects } = await despiteLostParts(this.#mendPart, () =>
      despiteDeadlocks(() => this.#once(work)),
    );
    for (const effect of effects) {
      effect();
    }
    return result;
  }

  async #once<T>(work: (tx: Transaction) => Promise<T>): Promise<{ result: T; effects: Array<() => void> }> {
    const effects: Array<() => void> = [];
    const announced = new Set<string>();
    const result = await this.#knex.transaction(async (trx) => {
      const stores = createStores(trx);
      const entries: NewAuditEntry[] = [];
      const done = await work({
        stores,
        audit: async (entry) => {
          entries.push(entry);
        },
        announce: (change) => {
          const key = `${change.kind} ${change.id} ${change.teamId} ${change.applicationId}`;
          if (!announced.has(key)) {
            announced.add(key);
            effects.push(() => this.#changes.entity(change));
          }
        },
        afterCommit: (effect) => effects.push(effect),
      });
      await stores.audit.append(entries, this.#auditKey);
      if (entries.length > 0) {
        effects.push(() => this.#changes.emit('audit'));
      }
      return done;
    });
    return { result, effects };
  }

  async check(): Promise<void> {
    await this.#knex.raw('select 1');
  }

  async close(): Promise<void> {
    await this.#knex.destroy();
  }
}

const UNIQUE_VIOLATION = new Set(['SQLITE_CONSTRAINT', '23505']);

/** Whether a write failed because such a row is there already. */
export function isDuplicate(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || !UNIQUE_VIOLATION.has(String(error.code))) {
    return false;
  }
  return String(error.code) === '23505' || error.message.includes('UNIQUE');
}
