import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditExportQuery, AuditQuery, AuditVerification, Page } from '@flowyard/protocol';
import { auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database } from '../../db/database.ts';
import { csvHead, csvRows } from './csv.ts';
import type { AuditScope, StoredAuditEntry } from './store.ts';
import { verifyAuditLog } from './verify.ts';

const EXPORT_BATCH = 1000;
const PRUNE_BATCH = 5000;
const DAY_MS = 24 * 60 * 60_000;

/** The audit log: read, exported, verified, and kept as long as the team type says. */
export class AuditService {
  readonly #db: Database;
  readonly #key: Buffer;

  constructor(parts: { db: Database; key: Buffer }) {
    this.#db = parts.db;
    this.#key = parts.key;
  }

  list(scope: AuditScope, query: AuditQuery): Promise<Page<StoredAuditEntry>> {
    return this.#db.stores.audit.list(scope, query);
  }

  /** The entries as CSV, in pieces of bounded size. */
  async *export(scope: AuditScope, query: AuditExportQuery): AsyncGenerator<string> {
    yield csvHead();
    for (let last: string | null = null; ; ) {
      const entries: StoredAuditEntry[] = await this.#db.stores.audit.listBefore(
        scope,
        query,
        last,
        EXPORT_BATCH,
      );
      if (entries.length > 0) {
        yield csvRows(entries);
      }
      if (entries.length < EXPORT_BATCH) {
        return;
      }
      last = entries.at(-1)?.id ?? null;
    }
  }

  verify(): Promise<AuditVerification> {
    return verifyAuditLog(this.#db.stores.audit, this.#key);
  }

  /** Removes what team types keep no longer, in small transactions; each is written down in the log itself. */
  async prune(now: number = Date.now()): Promise<void> {
    for (const team of await this.#db.stores.teams.auditDays()) {
      const before = new Date(now - team.auditDays * DAY_MS).toISOString();
      while ((await this.#pruneSome(team, before)) === PRUNE_BATCH) {
        // Others want to write, too.
        await sleep(50);
      }
    }
  }

  async #pruneSome(team: { id: string; name: string }, before: string): Promise<number> {
    return this.#db.transact(async (tx) => {
      const entries = await tx.stores.audit.prune(team.id, before, PRUNE_BATCH);
      if (entries > 0) {
        await tx.audit({
          event: 'audit.pruned',
          actor: auditActor(SYSTEM),
          teamId: team.id,
          applicationId: null,
          subject: { kind: 'team', id: team.id, name: team.name },
          details: { before, entries },
        });
      }
      return entries;
    });
  }
}
