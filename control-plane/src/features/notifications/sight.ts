import { type ApplicationRole, type Role, roleMay } from '@flowyard/protocol';
import type { UserActor } from '../../access/actor.ts';
import type { ScopeStore } from '../../access/scope-store.ts';
import type { Sight } from './notification-store.ts';

/** Whoever may read instances is told how they are. */
export function isTold(role: string | null): boolean {
  return roleMay(role as ApplicationRole | null, 'instance:read');
}

/** Of which teams and applications a person sees notifications. */
export async function sightOf(scopes: ScopeStore, actor: UserActor): Promise<Sight> {
  const { memberships, overrides } = await scopes.allRolesOf(actor.userId);
  const inTeam = (teamId: string, wanted: (role: ApplicationRole) => boolean) =>
    overrides.filter((override) => override.teamId === teamId && wanted(override.role));
  const seesTeam = (role: Role) => isTold(role);
  return {
    userId: actor.userId,
    admin: actor.admin,
    teams: memberships
      .filter(({ role }) => seesTeam(role))
      .map(({ teamId, role }) => ({
        teamId,
        owner: role === 'owner',
        except: inTeam(teamId, (role) => !isTold(role)).map(({ applicationId }) => applicationId),
      })),
    applications: memberships
      .filter(({ role }) => !seesTeam(role))
      .flatMap(({ teamId }) => inTeam(teamId, isTold).map(({ applicationId }) => applicationId)),
  };
}
