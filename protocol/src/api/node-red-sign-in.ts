import { z } from 'zod';
import { DisplayName, Id, Time } from '../names.ts';
import { NoContent, operation } from '../operation.ts';
import { JoinCode } from './registration.ts';

const CodeParams = z.strictObject({ code: JoinCode });

/** RFC 8628 section 3.4. */
export const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** RFC 8628 section 3.1: a Node-RED that Flowyard does not run asks that its user may sign in. */
export const beginNodeRedSignIn = operation('beginNodeRedSignIn', {
  method: 'POST',
  path: '/oauth/device',
  summary:
    'Ask for a sign-in from a Node-RED that Flowyard does not run: a person opens the address and agrees',
  body: z.strictObject({
    /** What the Node-RED calls itself, for the person who decides. */
    client_name: DisplayName,
  }),
  response: z.object({
    device_code: z.string(),
    user_code: z.string(),
    verification_uri: z.string(),
    verification_uri_complete: z.string(),
    /** In seconds. */
    expires_in: z.number().int(),
    /** So many seconds between two questions. */
    interval: z.number().int(),
  }),
});

export const revokeToken = operation('revokeToken', {
  method: 'POST',
  path: '/oauth/revoke',
  summary: 'End an access token, for whoever has it (RFC 7009); one that is not good any more is no error',
  body: z.strictObject({ token: z.string().max(200) }),
  response: NoContent,
  status: 204,
});

export const NodeRedSignInView = z.object({
  code: z.string(),
  /** What the Node-RED calls itself. */
  name: z.string(),
  /** Where it asked from. */
  address: z.string().nullable(),
  createdAt: Time,
  expiresAt: Time,
});
export type NodeRedSignInView = z.infer<typeof NodeRedSignInView>;

export const getNodeRedSignIn = operation('getNodeRedSignIn', {
  method: 'GET',
  path: '/node-red-sign-ins/:code',
  summary: 'A Node-RED that asks for a sign-in, for whoever knows its code',
  params: CodeParams,
  response: NodeRedSignInView,
});

export const acceptNodeRedSignIn = operation('acceptNodeRedSignIn', {
  method: 'POST',
  path: '/node-red-sign-ins/:code',
  summary: 'Let a Node-RED act in your name, by an access token of its own',
  params: CodeParams,
  body: z.strictObject({
    /** In this team alone. */
    teamId: Id,
    readOnly: z.boolean().optional(),
  }),
  response: NoContent,
  status: 204,
});

export const refuseNodeRedSignIn = operation('refuseNodeRedSignIn', {
  method: 'DELETE',
  path: '/node-red-sign-ins/:code',
  summary: 'Say no to a Node-RED that asks for a sign-in',
  params: CodeParams,
  response: NoContent,
  status: 204,
});
