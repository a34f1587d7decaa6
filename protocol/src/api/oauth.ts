import { z } from 'zod';
import { Id } from '../names.ts';
import { NoContent, operation } from '../operation.ts';
import { DEVICE_CODE_GRANT } from './node-red-sign-in.ts';

/** RFC 6749 section 4.1 with RFC 7636 (PKCE, S256 only). The client is the instance. */
export const AuthorizeQuery = z.strictObject({
  response_type: z.literal('code'),
  client_id: Id,
  redirect_uri: z.url().max(2000),
  state: z.string().min(8).max(500),
  code_challenge: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  code_challenge_method: z.literal('S256'),
  /** What is to be opened: the editor, or the HTTP pages of the flows. */
  scope: z.enum(['editor', 'page']).default('editor'),
});
export type AuthorizeQuery = z.infer<typeof AuthorizeQuery>;

export const authorize = operation('authorize', {
  method: 'GET',
  path: '/oauth/authorize',
  summary: 'Sign in to the editor or the HTTP pages of an instance; answers with a redirect',
  query: AuthorizeQuery,
  response: NoContent,
});

export const exchangeCode = operation('exchangeCode', {
  method: 'POST',
  path: '/oauth/token',
  summary:
    'Change an authorization code into an editor session, or a device code into the access token that a person agreed to; until then the answer is 400 with `authorization_pending`, `slow_down`, `access_denied` or `expired_token`',
  body: z.discriminatedUnion('grant_type', [
    z.strictObject({
      grant_type: z.literal('authorization_code'),
      client_id: Id,
      code: z.string().max(200),
      redirect_uri: z.url().max(2000),
      code_verifier: z.string().min(43).max(128),
    }),
    z.strictObject({ grant_type: z.literal(DEVICE_CODE_GRANT), device_code: z.string().max(200) }),
  ]),
  response: z.object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.number().int(),
  }),
});
