import { createHttpToken, deleteHttpToken, listHttpTokens } from '@flowyard/protocol';
import { may, type Route, route } from '../../http/route.ts';
import type { HttpTokenService } from './service.ts';

export function httpTokenRoutes({ httpTokens }: { httpTokens: HttpTokenService }): Route[] {
  return [
    route(listHttpTokens, may('instance:read', 'instance'), ({ params, query }) =>
      httpTokens.list(params.id, query),
    ),
    route(createHttpToken, may('instance:configure', 'instance'), ({ actor, params, body }) =>
      httpTokens.create(actor, params.id, body),
    ),
    route(deleteHttpToken, may('instance:configure', 'instance'), ({ actor, params }) =>
      httpTokens.revoke(actor, params.id, params.tokenId),
    ),
  ];
}
