import {
  changeUser,
  completeSetup,
  createAccessToken,
  createUser,
  deleteAccessToken,
  deleteUser,
  endSession,
  getSession,
  getSetup,
  getUser,
  listAccessTokens,
  listSessions,
  listUsers,
  readUser,
  signIn,
  signOut,
  updateUser,
} from '@flowyard/protocol';
import { mapPage } from '../../db/paging.ts';
import { ACCOUNT, ADMINISTRATOR, open, type Route, route, SIGNED_IN } from '../../http/route.ts';
import type { SignInLimit } from '../../http/sign-in-limit.ts';
import type { AccessTokenService } from './access-token-service.ts';
import { presentAccessToken, presentUser } from './presenter.ts';
import type { UserService } from './service.ts';
import { originOf, type SessionGiver } from './session-giver.ts';
import type { UserAdministration } from './user-administration.ts';

interface Parts {
  users: UserService;
  accessTokens: AccessTokenService;
  administration: UserAdministration;
  signInLimit: SignInLimit;
  sessionGiver: SessionGiver;
}

export function userRoutes({
  users,
  accessTokens,
  administration,
  signInLimit,
  sessionGiver,
}: Parts): Route[] {
  return [
    route(getSetup, open('nobody is there who could sign in'), async () => ({
      needed: await users.setupNeeded(),
    })),
    route(completeSetup, open('nobody is there who could sign in'), async ({ body, request, response }) => {
      const { key, ...user } = body;
      const created = await users.completeSetup(key, user);
      const { token } = await users.signIn(user.username, user.password, originOf(request));
      sessionGiver.setCookie(response, token);
      return presentUser(created);
    }),
    route(signIn, open('it is how one signs in'), async ({ body, request, response }) => {
      signInLimit.check(request.ip ?? '', body.username);
      const { user, token } = await users
        .signIn(body.username, body.password, originOf(request), body.code)
        .catch((error: unknown) => {
          signInLimit.failed(request.ip ?? '');
          throw error;
        });
      signInLimit.forget(request.ip ?? '', body.username);
      sessionGiver.setCookie(response, token);
      return presentUser(user);
    }),
    route(getSession, SIGNED_IN, async ({ actor }) => presentUser(await users.get(actor.userId))),
    route(signOut, SIGNED_IN, async ({ actor, response }) => {
      await users.signOut(actor);
      sessionGiver.setCookie(response, '', 0);
    }),
    route(getUser, SIGNED_IN, async ({ actor }) => presentUser(await users.get(actor.userId))),
    route(updateUser, ACCOUNT, async ({ actor, body }) => presentUser(await users.update(actor, body))),
    route(listSessions, ACCOUNT, async ({ actor, query }) =>
      mapPage(await users.listSessions(actor, query), (row) => ({
        ...row,
        current: row.id === actor.sessionId,
      })),
    ),
    route(endSession, ACCOUNT, ({ actor, params }) => users.endSession(actor, params.id)),
    route(listAccessTokens, ACCOUNT, async ({ actor, query }) =>
      mapPage(await accessTokens.list(actor, query), presentAccessToken),
    ),
    route(createAccessToken, ACCOUNT, ({ actor, body }) => accessTokens.create(actor, body)),
    route(deleteAccessToken, ACCOUNT, ({ actor, params }) => accessTokens.revoke(actor, params.id)),
    route(listUsers, ADMINISTRATOR, async ({ query }) => mapPage(await users.list(query), presentUser)),
    route(createUser, ADMINISTRATOR, async ({ actor, body }) => presentUser(await users.create(actor, body))),
    route(readUser, ADMINISTRATOR, async ({ params }) => presentUser(await users.get(params.id))),
    route(changeUser, ADMINISTRATOR, async ({ actor, params, body }) =>
      presentUser(await administration.update(actor, params.id, body)),
    ),
    route(deleteUser, ADMINISTRATOR, ({ actor, params }) => administration.delete(actor, params.id)),
  ];
}
