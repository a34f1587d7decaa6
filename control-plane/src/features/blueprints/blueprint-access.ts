import { type Permission, roleMay } from '@flowyard/protocol';
import { isLimited, type UserActor } from '../../access/actor.ts';
import { type Access, effectiveRole } from '../../access/authorize.ts';
import type { Database } from '../../db/database.ts';
import { forbidden, notFound } from '../../errors.ts';
import type { BlueprintRow, Sight } from './store.ts';

/** Who sees and changes which blueprints: those of the platform are seen by everybody and changed by administrators. */
export class BlueprintAccess {
  readonly #db: Database;
  readonly #access: Access;

  constructor({ db, access }: { db: Database; access: Access }) {
    this.#db = db;
    this.#access = access;
  }

  async sightOf(actor: UserActor): Promise<Sight> {
    if (isAdministrator(actor)) {
      return { teamIds: null, ownTeamIds: null };
    }
    return {
      teamIds: await this.#teamsWhere(actor, 'blueprint:read'),
      ownTeamIds: await this.#teamsWhere(actor, 'blueprint:edit'),
    };
  }

  /** @throws AppError 404 when it is not there or not visible */
  async requireVisible(actor: UserActor, id: string): Promise<{ row: BlueprintRow; sight: Sight }> {
    const row = await this.#db.stores.blueprints.find(id);
    const sight = await this.sightOf(actor);
    if (row === null || !isSeen(row, sight)) {
      throw notFound('blueprint');
    }
    return { row, sight };
  }

  /** @throws AppError 404 when it is not visible, 403 when it is and may not be changed */
  async requireEditable(actor: UserActor, id: string): Promise<BlueprintRow> {
    const { row } = await this.requireVisible(actor, id);
    await this.requireScope(actor, row.teamId);
    return row;
  }

  /** Whether somebody may make and change blueprints of a team, or of the platform where there is no team. */
  async requireScope(actor: UserActor, teamId: string | null): Promise<void> {
    if (teamId !== null) {
      await this.#access.authorize(actor, 'blueprint:edit', 'team', teamId);
    } else if (!isAdministrator(actor)) {
      throw forbidden('Only administrators of the platform change blueprints that are for everybody.');
    }
  }

  /** The team of a snapshot that somebody may read. */
  async teamOfSnapshot(actor: UserActor, snapshotId: string): Promise<string> {
    return (await this.#access.authorize(actor, 'snapshot:read', 'snapshot', snapshotId)).teamId;
  }

  async #teamsWhere(actor: UserActor, permission: Permission): Promise<string[]> {
    if (actor.admin && actor.via !== 'editor') {
      // Limited to a part of what an administrator may.
      return actor.onlyTeamId !== null && actor.onlyApplicationId === null ? [actor.onlyTeamId] : [];
    }
    const { memberships } = await this.#db.stores.scopes.allRolesOf(actor.userId);
    return memberships
      .filter(({ teamId, role }) => {
        const place = { teamId, applicationId: null, suspended: false, teamRole: role, override: null };
        return roleMay(effectiveRole(actor, place), permission);
      })
      .map(({ teamId }) => teamId);
  }
}

export function mayEdit({ teamId }: BlueprintRow, { ownTeamIds }: Sight): boolean {
  return ownTeamIds === null || (teamId !== null && ownTeamIds.includes(teamId));
}

function isSeen(row: BlueprintRow, sight: Sight): boolean {
  const isTheirs = row.teamId === null || sight.teamIds === null || sight.teamIds.includes(row.teamId);
  return isTheirs && (row.active || mayEdit(row, sight));
}

function isAdministrator(actor: UserActor): boolean {
  return actor.admin && actor.via !== 'editor' && !isLimited(actor);
}
