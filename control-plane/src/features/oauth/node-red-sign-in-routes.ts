import {
  acceptNodeRedSignIn,
  beginNodeRedSignIn,
  getNodeRedSignIn,
  refuseNodeRedSignIn,
  revokeToken,
} from '@flowyard/protocol';
import { addressOf } from '../../http/authenticate.ts';
import { ACCOUNT, open, type Route, route } from '../../http/route.ts';
import type { AccessTokenService } from '../users/access-token-service.ts';
import type { NodeRedSignInService } from './node-red-sign-in-service.ts';

export function nodeRedSignInRoutes({
  nodeRedSignIns,
  accessTokens,
}: {
  nodeRedSignIns: NodeRedSignInService;
  accessTokens: AccessTokenService;
}): Route[] {
  return [
    route(beginNodeRedSignIn, open('a person decides about it'), ({ body, request }) =>
      nodeRedSignIns.begin(body.client_name, addressOf(request)),
    ),
    route(revokeToken, open('whoever has a token may end it'), ({ body }) =>
      accessTokens.revokeByValue(body.token),
    ),
    route(getNodeRedSignIn, ACCOUNT, async ({ params }) => {
      const { code, name, address, createdAt, expiresAt } = await nodeRedSignIns.view(params.code);
      return { code, name, address, createdAt, expiresAt };
    }),
    route(acceptNodeRedSignIn, ACCOUNT, ({ actor, params, body }) =>
      nodeRedSignIns.accept(actor, params.code, body),
    ),
    route(refuseNodeRedSignIn, ACCOUNT, ({ params }) => nodeRedSignIns.refuse(params.code)),
  ];
}
