import { searchTeam } from '@flowyard/protocol';
import { requireUser } from '../../access/authorize.ts';
import { may, type Route, route } from '../../http/route.ts';
import type { SearchService } from './service.ts';

export function searchRoutes({ search }: { search: SearchService }): Route[] {
  return [
    route(searchTeam, may('team:read', 'team'), ({ actor, params, query }) =>
      search.find(requireUser(actor), params.id, query),
    ),
  ];
}
