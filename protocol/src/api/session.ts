import { z } from 'zod';
import { DisplayName, Id, Password, Time, Username } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { SecondFactorCode } from './second-factor.ts';

export const UserView = z.object({
  id: Id,
  username: z.string(),
  name: z.string(),
  email: z.string().nullable(),
  admin: z.boolean(),
  /** They cannot sign in, and their tokens do not work. */
  suspended: z.boolean(),
  createdAt: Time,
});
export type UserView = z.infer<typeof UserView>;

const IdParams = z.strictObject({ id: Id });
export const Email = z.email('is not an e-mail address').max(254);

export const getSetup = operation('getSetup', {
  method: 'GET',
  path: '/setup',
  summary: 'Whether the first administrator is still to be made',
  response: z.object({ needed: z.boolean() }),
});

export const completeSetup = operation('completeSetup', {
  method: 'POST',
  path: '/setup',
  summary: 'Make the first administrator, with the one-time key from the log',
  body: z.strictObject({
    key: z.string().max(200),
    username: Username,
    name: DisplayName.optional(),
    email: Email.optional(),
    password: Password,
  }),
  response: UserView,
  status: 201,
});

export const signIn = operation('signIn', {
  method: 'POST',
  path: '/session',
  summary: 'Sign in; the answer sets the session cookie',
  body: z.strictObject({
    username: z.string().max(254),
    password: z.string().max(256),
    code: SecondFactorCode.optional(),
  }),
  response: UserView,
  status: 201,
});

export const getSession = operation('getSession', {
  method: 'GET',
  path: '/session',
  summary: 'Who is signed in',
  response: UserView,
});

export const signOut = operation('signOut', {
  method: 'DELETE',
  path: '/session',
  summary: 'Sign out, here and in the editors opened from here',
  response: NoContent,
  status: 204,
});

export const getUser = operation('getUser', {
  method: 'GET',
  path: '/user',
  summary: 'The person who asks',
  response: UserView,
});

export const updateUser = operation('updateUser', {
  method: 'PATCH',
  path: '/user',
  summary: 'Change own name, e-mail or password',
  body: z.strictObject({
    name: DisplayName.optional(),
    email: Email.nullable().optional(),
    password: z.strictObject({ current: z.string().max(256), next: Password }).optional(),
  }),
  response: UserView,
});

export const AccessTokenView = z.object({
  id: Id,
  name: z.string(),
  /** Only this team; null for all teams of the person. */
  teamId: Id.nullable(),
  /** Only this application. */
  applicationId: Id.nullable(),
  readOnly: z.boolean(),
  expiresAt: Time.nullable(),
  lastUsedAt: Time.nullable(),
  createdAt: Time,
});
export type AccessTokenView = z.infer<typeof AccessTokenView>;

export const listAccessTokens = operation('listAccessTokens', {
  method: 'GET',
  path: '/user/tokens',
  summary: 'Own access tokens',
  query: ListQuery,
  response: pageOf(AccessTokenView),
});

export const createAccessToken = operation('createAccessToken', {
  method: 'POST',
  path: '/user/tokens',
  summary: 'Make an access token; its value is shown this once',
  body: z.strictObject({
    name: DisplayName,
    expiresAt: Time.optional(),
    teamId: Id.optional(),
    applicationId: Id.optional(),
    readOnly: z.boolean().optional(),
  }),
  response: z.object({ id: Id, token: z.string() }),
  status: 201,
});

export const deleteAccessToken = operation('deleteAccessToken', {
  method: 'DELETE',
  path: '/user/tokens/:id',
  summary: 'Revoke an access token',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const SessionView = z.object({
  id: Id,
  createdAt: Time,
  expiresAt: Time,
  lastUsedAt: Time.nullable(),
  address: z.string().nullable(),
  /** What the browser calls itself. */
  browser: z.string().nullable(),
  /** The one that asks. */
  current: z.boolean(),
});
export type SessionView = z.infer<typeof SessionView>;

export const listSessions = operation('listSessions', {
  method: 'GET',
  path: '/user/sessions',
  summary: 'Where one is signed in',
  query: ListQuery,
  response: pageOf(SessionView),
});

export const endSession = operation('endSession', {
  method: 'DELETE',
  path: '/user/sessions/:id',
  summary: 'End a session of oneself, with the editors that were opened from it',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const listUsers = operation('listUsers', {
  method: 'GET',
  path: '/users',
  summary: 'All people of the platform',
  query: ListQuery,
  response: pageOf(UserView),
});

export const createUser = operation('createUser', {
  method: 'POST',
  path: '/users',
  summary: 'Add a person',
  body: z.strictObject({
    username: Username,
    name: DisplayName.optional(),
    email: Email.optional(),
    password: Password,
    admin: z.boolean().optional(),
  }),
  response: UserView,
  status: 201,
});

export const readUser = operation('readUser', {
  method: 'GET',
  path: '/users/:id',
  summary: 'One person',
  params: IdParams,
  response: UserView,
});

export const changeUser = operation('changeUser', {
  method: 'PATCH',
  path: '/users/:id',
  summary: 'Change, suspend or restore a person; refused while they are the last administrator',
  params: IdParams,
  body: z.strictObject({
    name: DisplayName.optional(),
    email: Email.nullable().optional(),
    admin: z.boolean().optional(),
    suspended: z.boolean().optional(),
    password: Password.optional(),
  }),
  response: UserView,
});

export const deleteUser = operation('deleteUser', {
  method: 'DELETE',
  path: '/users/:id',
  summary: 'Remove a person; refused while they are the last owner of a team',
  params: IdParams,
  response: NoContent,
  status: 204,
});
