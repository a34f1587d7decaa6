import {
  createTeamType,
  deleteTeamType,
  getTeamUsage,
  listTeamTypes,
  updateTeamType,
} from '@flowyard/protocol';
import { ADMINISTRATOR, may, type Route, route, SIGNED_IN } from '../../http/route.ts';
import type { TeamTypeService } from './service.ts';

export function teamTypeRoutes(teamTypes: TeamTypeService): Route[] {
  return [
    route(listTeamTypes, SIGNED_IN, ({ query }) => teamTypes.list(query)),
    route(createTeamType, ADMINISTRATOR, ({ actor, body }) => teamTypes.create(actor, body)),
    route(updateTeamType, ADMINISTRATOR, ({ actor, params, body }) =>
      teamTypes.update(actor, params.id, body),
    ),
    route(deleteTeamType, ADMINISTRATOR, ({ actor, params }) => teamTypes.delete(actor, params.id)),
    route(getTeamUsage, may('member:read', 'team'), ({ params, query }) =>
      teamTypes.usage(params.id, query.teamTypeId),
    ),
  ];
}
