import {
  addMember,
  createTeam,
  deleteTeam,
  getTeam,
  getTeamOverview,
  leaveTeam,
  listMembers,
  listTeams,
  removeMember,
  suspendTeam,
  type TeamView,
  updateMember,
  updateTeam,
} from '@flowyard/protocol';
import type { UserActor } from '../../access/actor.ts';
import { type Access, requireUser } from '../../access/authorize.ts';
import { mapPage } from '../../db/paging.ts';
import type { Stores } from '../../db/stores.ts';
import { ACCOUNT, ADMINISTRATOR, may, type Route, route, SIGNED_IN } from '../../http/route.ts';
import { readTerms } from '../team-types/store.ts';
import { readTeamOverview } from './overview.ts';
import type { TeamService } from './service.ts';
import type { TeamRow } from './store.ts';

interface Parts {
  teams: TeamService;
  stores: Stores;
  access: Access;
}

function presentTeam(row: TeamRow, actor: UserActor): TeamView {
  return {
    id: row.id,
    name: row.name,
    slug: row.slug,
    teamTypeId: row.teamTypeId,
    role: actor.admin ? 'owner' : row.role,
    suspended: row.suspendedAt !== null,
    without: readTerms(row.terms).without,
    createdAt: row.createdAt,
  };
}

export function teamRoutes({ teams, stores, access }: Parts): Route[] {
  return [
    route(listTeams, SIGNED_IN, async ({ actor, query }) =>
      mapPage(await teams.list(actor, query), (row) => presentTeam(row, actor)),
    ),
    route(createTeam, ACCOUNT, async ({ actor, body }) =>
      presentTeam(await teams.create(actor, body), actor),
    ),
    route(getTeam, may('team:read', 'team'), async ({ actor, params }) => {
      const user = requireUser(actor);
      return presentTeam(await teams.get(user, params.id), user);
    }),
    route(updateTeam, may('team:edit', 'team'), async ({ actor, params, body }) => {
      const user = requireUser(actor);
      return presentTeam(await teams.update(user, params.id, body), user);
    }),
    route(deleteTeam, may('team:delete', 'team'), ({ actor, params }) =>
      teams.delete(requireUser(actor), params.id),
    ),
    route(suspendTeam, ADMINISTRATOR, async ({ actor, params, body }) =>
      presentTeam(await teams.suspend(actor, params.id, body.suspended), actor),
    ),
    route(getTeamOverview, may('instance:read', 'team'), async ({ actor, params }) =>
      readTeamOverview(stores, params.id, await access.hiddenApplications(actor, params.id, 'instance:read')),
    ),
    route(listMembers, may('member:read', 'team'), ({ params, query }) =>
      teams.listMembers(params.id, query),
    ),
    route(addMember, may('member:edit', 'team'), ({ actor, params, body }) =>
      teams.addMember(requireUser(actor), params.id, body.username, body.role),
    ),
    route(updateMember, may('member:edit', 'team'), ({ actor, params, body }) =>
      teams.updateMember(requireUser(actor), params.id, params.userId, body.role),
    ),
    route(leaveTeam, ACCOUNT, ({ actor, params }) => teams.leave(actor, params.id)),
    route(removeMember, may('member:edit', 'team'), ({ actor, params }) =>
      teams.removeMember(requireUser(actor), params.id, params.userId),
    ),
  ];
}
