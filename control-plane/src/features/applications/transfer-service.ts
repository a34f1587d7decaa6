import { auditActor, type UserActor } from '../../access/actor.ts';
import { type Access, teamSuspended } from '../../access/authorize.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, forbidden, invalid, notFound } from '../../errors.ts';
import type { Changes } from '../../relay/changes.ts';
import { exceeded, readUsage } from '../team-types/limits.ts';
import type { ApplicationRow } from './store.ts';
import type { Moved } from './transfer-store.ts';

interface Parts {
  db: Database;
  access: Access;
  changes: Changes;
}

/** Moves applications between teams, with everything in them or not at all. */
export class TransferService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async transfer(actor: UserActor, id: string, toTeamId: string): Promise<ApplicationRow> {
    await this.#requireOwner(actor, id);
    await this.#requireTeam(actor, toTeamId);
    await this.#db.transact(async (tx) => {
      const found = await this.#require(tx, id);
      if (found.teamId === toTeamId) {
        throw invalid('teamId', 'is the team that has it already');
      }
      // Always in the same order, so that two transfers in opposite directions do not wait for each other.
      for (const teamId of [found.teamId, toTeamId].sort()) {
        await tx.stores.teams.lock(teamId);
      }
      const application = await this.#require(tx, id);
      if (application.teamId !== found.teamId) {
        throw conflict('moved', 'The application was moved to another team in the meantime.');
      }
      await this.#refuseStandingStill(tx, toTeamId);
      await this.#refuseInUse(tx, application);
      const moved = await tx.stores.transfers.move(id, application.teamId, toTeamId);
      await this.#refuseBeyondLimits(tx, toTeamId);
      await this.#record(tx, actor, application, toTeamId);
      this.#announce(tx, application, toTeamId, moved);
    });
    const application = await this.#db.stores.applications.find(id);
    if (application === null) {
      throw notFound('application');
    }
    return application;
  }

  /** Being owner in the application alone is not enough: it leaves the team. */
  async #requireOwner(actor: UserActor, id: string): Promise<void> {
    const application = await this.#db.stores.applications.find(id);
    if (application === null) {
      throw notFound('application');
    }
    try {
      await this.#parts.access.authorize(actor, 'application:delete', 'team', application.teamId);
    } catch {
      throw forbidden('Only owners of the team move an application to another one.');
    }
  }

  /** A team that one may not change does not exist in the answer. */
  async #requireTeam(actor: UserActor, teamId: string): Promise<void> {
    try {
      await this.#parts.access.authorize(actor, 'application:create', 'team', teamId);
    } catch (error) {
      if (error instanceof Error && 'status' in error && error.status === 409) {
        throw error;
      }
      throw invalid('teamId', 'is not a team that you are an owner of');
    }
  }

  /** Under its lock: it may have been deleted or suspended since the rights were checked. */
  async #refuseStandingStill(tx: Transaction, teamId: string): Promise<void> {
    const place = await tx.stores.scopes.find('team', teamId, null);
    if (place === null) {
      throw invalid('teamId', 'is not a team that you are an owner of');
    }
    if (place.suspended) {
      throw teamSuspended();
    }
  }

  async #refuseInUse(tx: Transaction, application: ApplicationRow): Promise<void> {
    if (await tx.stores.transfers.isDeploying(application.id)) {
      throw conflict(
        'deploying',
        'A push is under way in this application. Wait for its end, or stop it first.',
      );
    }
    const outside = await tx.stores.transfers.usedFromOutside(application.id);
    if (outside.length > 0) {
      throw conflict(
        'in_use',
        `${application.name} is used from other applications of its team: ${outside.join(', ')}. Change that first.`,
        { uses: outside },
      );
    }
  }

  /** After the move, under the locks of both teams. */
  async #refuseBeyondLimits(tx: Transaction, teamId: string): Promise<void> {
    const limits = await tx.stores.teamTypes.limitsOf(teamId);
    const beyond = exceeded(await readUsage(tx.stores, teamId, limits));
    if (beyond.length > 0) {
      const list = beyond.map(({ name, have, allowed }) => `${name}: ${have} of ${allowed}`).join('; ');
      throw conflict('limits_exceeded', `The other team would have more than its type allows. ${list}.`, {
        exceeded: beyond,
      });
    }
  }

  /** In the log of both teams. */
  async #record(
    tx: Transaction,
    actor: UserActor,
    application: ApplicationRow,
    toTeamId: string,
  ): Promise<void> {
    for (const teamId of [application.teamId, toTeamId]) {
      await tx.audit({
        event: 'application.transferred',
        actor: auditActor(actor),
        teamId,
        applicationId: teamId === toTeamId ? application.id : null,
        subject: { kind: 'application', id: application.id, name: application.name },
        details: { before: { teamId: application.teamId }, after: { teamId: toTeamId } },
      });
    }
  }

  #announce(tx: Transaction, application: ApplicationRow, toTeamId: string, moved: Moved): void {
    const { id } = application;
    for (const teamId of [application.teamId, toTeamId]) {
      tx.announce({ kind: 'application', id, teamId, applicationId: id });
      tx.announce({ kind: 'team', id: teamId, teamId, applicationId: null });
    }
    for (const instanceId of moved.instanceIds) {
      tx.announce({ kind: 'instance', id: instanceId, teamId: toTeamId, applicationId: id });
    }
    for (const deviceId of moved.deviceIds) {
      tx.announce({ kind: 'device', id: deviceId, teamId: toTeamId, applicationId: id });
    }
    tx.afterCommit(() => {
      this.#parts.changes.emit('access', { kind: 'access', userId: null });
      for (const instanceId of moved.instanceIds) {
        this.#parts.changes.emit('instance', { instanceId });
      }
      this.#parts.changes.emit('targets', { deviceIds: moved.deviceIds });
    });
  }

  async #require(tx: Transaction, id: string): Promise<ApplicationRow> {
    const application = await tx.stores.applications.find(id);
    if (application === null) {
      throw notFound('application');
    }
    return application;
  }
}
