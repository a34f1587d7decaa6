import { authorize, DEVICE_CODE_GRANT, exchangeCode } from '@flowyard/protocol';
import type { Response } from 'express';
import { AppError } from '../../errors.ts';
import { open, type Route, route } from '../../http/route.ts';
import type { NodeRedSignInService } from './node-red-sign-in-service.ts';
import { EDITOR_SESSION_SECONDS, type OAuthService } from './service.ts';

function refuse(response: Response, error: AppError): void {
  const page =
    error.status === 404 || error.status === 403
      ? `/no-access?message=${encodeURIComponent(error.message)}`
      : null;
  if (page === null) {
    throw error;
  }
  response.redirect(302, page);
}

export function oauthRoutes(parts: {
  oauth: OAuthService;
  deviceOauth: OAuthService;
  nodeRedSignIns: NodeRedSignInService;
  isDevice: (id: string) => Promise<boolean>;
}): Route[] {
  const oauthOf = async (id: string) => ((await parts.isDevice(id)) ? parts.deviceOauth : parts.oauth);
  return [
    route(
      authorize,
      open('it sends whoever is not signed in to the sign-in page'),
      async ({ actor, query, request, response }) => {
        if (actor?.kind !== 'user') {
          response.redirect(302, `/sign-in?continue=${encodeURIComponent(request.originalUrl)}`);
          return;
        }
        try {
          const oauth = await oauthOf(query.client_id);
          const code = await oauth.authorize(actor, query);
          const target = new URL(query.redirect_uri);
          target.searchParams.set('code', code);
          target.searchParams.set('state', query.state);
          response.redirect(302, target.href);
        } catch (error) {
          if (!(error instanceof AppError)) {
            throw error;
          }
          refuse(response, error);
        }
      },
    ),
    route(exchangeCode, open('the code and its verifier are the proof'), async ({ body }) => {
      if (body.grant_type === DEVICE_CODE_GRANT) {
        const { token, expiresIn } = await parts.nodeRedSignIns.claim(body.device_code);
        return { access_token: token, token_type: 'Bearer' as const, expires_in: expiresIn };
      }
      const token = await (await oauthOf(body.client_id)).exchange({
        clientId: body.client_id,
        code: body.code,
        redirectUri: body.redirect_uri,
        verifier: body.code_verifier,
      });
      return { access_token: token, token_type: 'Bearer' as const, expires_in: EDITOR_SESSION_SECONDS };
    }),
  ];
}
