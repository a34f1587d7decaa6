import { type ListQuery, type Page, RECYCLE_BIN_DAYS } from '@flowyard/protocol';
import type { Logger } from 'pino';
import { type Actor, auditActor, SYSTEM, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { forbidden, notFound } from '../../errors.ts';
import type { Changes } from '../../relay/changes.ts';
import { BinnedSnapshotService } from './snapshot-service.ts';
import type { BinnedInstanceRow, BinnedTeamRow } from './store.ts';
import { wakeTeam } from './wake-team.ts';

const KEEP_MS = RECYCLE_BIN_DAYS * 24 * 3600_000;

interface Parts {
  db: Database;
  changes: Changes;
  logger: Logger;
}

/** When something in the bin is deleted for good. */
export function purgeAt(deletedAt: string): string {
  return new Date(Date.parse(deletedAt) + KEEP_MS).toISOString();
}

/** Brings deleted teams and instances back, and deletes them for good after a week. */
export class RecycleBinService {
  readonly #parts: Parts;
  readonly #db: Database;

  readonly snapshots: BinnedSnapshotService;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
    this.snapshots = new BinnedSnapshotService(parts.db);
  }

  listInstances(teamId: string, query: ListQuery): Promise<Page<BinnedInstanceRow>> {
    return this.#db.stores.recycleBin.listInstances(teamId, query);
  }

  listTeams(actor: UserActor, query: ListQuery): Promise<Page<BinnedTeamRow>> {
    return this.#db.stores.recycleBin.listTeams(actor.admin ? null : actor.userId, query);
  }

  async restoreInstance(actor: Actor, teamId: string, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const row = await this.#requireInstance(tx, teamId, id);
      await tx.stores.recycleBin.restore('instances', id);
      await this.#recordInstance(tx, 'instance.restored', actor, row);
    });
    this.#parts.changes.emit('access', { kind: 'access', userId: null });
  }

  async purgeInstance(actor: Actor, teamId: string, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const row = await this.#requireInstance(tx, teamId, id);
      await tx.stores.recycleBin.deleteInstance(id);
      await this.#recordInstance(tx, 'instance.purged', actor, row);
    });
  }

  async restoreTeam(actor: UserActor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const team = await this.#requireTeam(tx, actor, id);
      await tx.stores.recycleBin.restore('teams', id);
      await this.#recordTeam(tx, 'team.restored', actor, team);
      await wakeTeam(tx, this.#parts.changes, id);
    });
  }

  async purgeTeam(actor: UserActor, id: string): Promise<void> {
    if (!actor.admin) {
      throw forbidden('Only administrators delete a team for good before its time.');
    }
    await this.#db.transact(async (tx) => this.#purge(tx, actor, await this.#requireTeam(tx, actor, id)));
  }

  /**
   * Deletes for good what has been in the bin long enough, each in a transaction of its own: killed in between, the
   * next run goes on. Folders of instances that are not in the database are swept by the driver.
   */
  async purgeOld(now: number = Date.now()): Promise<void> {
    const before = new Date(now - KEEP_MS).toISOString();
    const { recycleBin } = this.#db.stores;
    for (const team of await recycleBin.teamsBefore(before)) {
      await this.#attempt(team.id, async (tx) => {
        await tx.stores.teams.lock(team.id);
        const still = await tx.stores.recycleBin.findTeam(team.id);
        if (still !== null && still.deletedAt < before) {
          await this.#purge(tx, SYSTEM, still);
        }
      });
    }
    for (const { id } of await recycleBin.instancesBefore(before)) {
      await this.#attempt(id, async (tx) => {
        await tx.stores.recycleBin.lockInstance(id);
        const still = await tx.stores.recycleBin.findInstance(id);
        if (still !== null && still.deletedAt < before) {
          await tx.stores.recycleBin.deleteInstance(id);
          await this.#recordInstance(tx, 'instance.purged', SYSTEM, still);
        }
      });
    }
    await this.#purgeOldSnapshots(before);
  }

  async #purgeOldSnapshots(before: string): Promise<void> {
    for (const { id } of await this.#db.stores.recycleBin.snapshotsBefore(before)) {
      await this.#attempt(id, (tx) => this.snapshots.purgeOld(tx, id, before));
    }
  }

  /** What cannot be deleted must not keep the rest. */
  async #attempt(id: string, work: (tx: Transaction) => Promise<void>): Promise<void> {
    await this.#db.transact(work).catch((error: unknown) => {
      this.#parts.logger.error(
        { err: error, id },
        'something in the recycle bin could not be deleted for good',
      );
    });
  }

  async #purge(tx: Transaction, actor: Actor, team: BinnedTeamRow): Promise<void> {
    const instances = await tx.stores.recycleBin.instanceIdsOf(team.id);
    await tx.stores.recycleBin.deleteTeam(team.id);
    await this.#recordTeam(tx, 'team.purged', actor, team);
    tx.afterCommit(() => {
      for (const instanceId of instances) {
        this.#parts.changes.emit('instance', { instanceId });
      }
    });
  }

  async #requireInstance(tx: Transaction, teamId: string, id: string): Promise<BinnedInstanceRow> {
    await tx.stores.recycleBin.lockInstance(id);
    const row = await tx.stores.recycleBin.findInstance(id);
    if (row === null || row.teamId !== teamId) {
      throw notFound('instance in the recycle bin');
    }
    return row;
  }

  /** Administrators, and whoever deleted it. */
  async #requireTeam(tx: Transaction, actor: UserActor, id: string): Promise<BinnedTeamRow> {
    await tx.stores.teams.lock(id);
    const team = await tx.stores.recycleBin.findTeam(id);
    if (team === null || !(actor.admin || team.deletedById === actor.userId)) {
      throw notFound('team in the recycle bin');
    }
    return team;
  }

  async #recordInstance(
    tx: Transaction,
    event: 'instance.restored' | 'instance.purged',
    actor: Actor,
    row: BinnedInstanceRow,
  ): Promise<void> {
    const { id, name, teamId, applicationId } = row;
    await tx.audit({
      event,
      actor: auditActor(actor),
      teamId,
      applicationId,
      subject: { kind: 'instance', id, name },
    });
    tx.announce({ kind: 'instance', id, teamId, applicationId });
    tx.announce({ kind: 'application', id: applicationId, teamId, applicationId });
    tx.afterCommit(() => this.#parts.changes.emit('instance', { instanceId: id }));
  }

  #recordTeam(
    tx: Transaction,
    event: 'team.restored' | 'team.purged',
    actor: Actor,
    team: BinnedTeamRow,
  ): Promise<void> {
    return tx.audit({
      event,
      actor: auditActor(actor),
      teamId: team.id,
      applicationId: null,
      subject: { kind: 'team', id: team.id, name: team.name },
    });
  }
}
