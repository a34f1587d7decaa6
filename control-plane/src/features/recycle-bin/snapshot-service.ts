import type { ListQuery, Page } from '@flowyard/protocol';
import { type Actor, auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { notFound } from '../../errors.ts';
import { refuseBeyondLimit } from '../team-types/limits.ts';
import type { BinnedSnapshotRow } from './store.ts';

/** Brings deleted snapshots back, and deletes them for good. */
export class BinnedSnapshotService {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  list(teamId: string, query: ListQuery): Promise<Page<BinnedSnapshotRow>> {
    return this.#db.stores.recycleBin.listSnapshots(teamId, query);
  }

  /** @throws AppError 409 when the team may not have one more */
  async restore(actor: Actor, teamId: string, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      await tx.stores.teams.lock(teamId);
      const row = await this.#require(tx, teamId, id);
      await tx.stores.recycleBin.restore('snapshots', id);
      if (row.kind === 'manual') {
        await refuseBeyondLimit(tx, teamId, 'snapshots');
      }
      await record(tx, 'snapshot.restored', actor, row);
    });
  }

  async purge(actor: Actor, teamId: string, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const row = await this.#require(tx, teamId, id);
      await tx.stores.snapshots.delete(id);
      await record(tx, 'snapshot.purged', actor, row);
    });
  }

  /** Deletes one for good that is in the bin since `before`. */
  async purgeOld(tx: Transaction, id: string, before: string): Promise<void> {
    const still = await tx.stores.recycleBin.findSnapshot(id);
    if (still !== null && still.deletedAt < before) {
      await tx.stores.snapshots.delete(id);
      await record(tx, 'snapshot.purged', SYSTEM, still);
    }
  }

  async #require(tx: Transaction, teamId: string, id: string): Promise<BinnedSnapshotRow> {
    const row = await tx.stores.recycleBin.findSnapshot(id);
    if (row === null || row.teamId !== teamId) {
      throw notFound('snapshot in the recycle bin');
    }
    return row;
  }
}

async function record(
  tx: Transaction,
  event: 'snapshot.restored' | 'snapshot.purged',
  actor: Actor,
  { id, name, owner, teamId, applicationId }: BinnedSnapshotRow,
): Promise<void> {
  await tx.audit({
    event,
    actor: auditActor(actor),
    teamId,
    applicationId,
    subject: { kind: 'snapshot', id, name },
    details: { owner },
  });
  tx.announce({ kind: 'snapshot', id, teamId, applicationId });
}
