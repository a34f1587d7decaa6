import {
  completeSetup,
  createAccessToken,
  createUser,
  deleteAccessToken,
  deleteUser,
  getSession,
  getSetup,
  getUser,
  listAccessTokens,
  listUsers,
  readUser,
  signIn,
  signOut,
  updateUser,
} from '@flowyard/protocol';
import type { Response } from 'express';
import { mapPage } from '../../db/paging.ts';
import { SESSION_COOKIE } from '../../http/authenticate.ts';
import { setCookie } from '../../http/cookies.ts';
import { ADMINISTRATOR, open, type Route, route, SIGNED_IN } from '../../http/route.ts';
import type { SignInLimit } from '../../http/sign-in-limit.ts';
import { presentAccessToken, presentUser } from './presenter.ts';
import { SESSION_SECONDS, type UserService } from './service.ts';

interface Parts {
  users: UserService;
  signInLimit: SignInLimit;
  secureCookies: () => boolean;
}

export function userRoutes({ users, signInLimit, secureCookies }: Parts): Route[] {
  const giveSession = (response: Response, token: string, maxAgeSeconds: number) =>
    response.append(
      'Set-Cookie',
      setCookie(SESSION_COOKIE, token, { secure: secureCookies(), maxAgeSeconds }),
    );

  return [
    route(getSetup, open('nobody is there who could sign in'), async () => ({
      needed: await users.setupNeeded(),
    })),
    route(completeSetup, open('nobody is there who could sign in'), async ({ body, response }) => {
      const { key, ...user } = body;
      const created = await users.completeSetup(key, user);
      const { token } = await users.signIn(user.username, user.password);
      giveSession(response, token, SESSION_SECONDS);
      return presentUser(created);
    }),
    route(signIn, open('it is how one signs in'), async ({ body, request, response }) => {
      signInLimit.check(request.ip ?? '', body.username);
      const { user, token } = await users.signIn(body.username, body.password);
      signInLimit.forget(request.ip ?? '', body.username);
      giveSession(response, token, SESSION_SECONDS);
      return presentUser(user);
    }),
    route(getSession, SIGNED_IN, async ({ actor }) => presentUser(await users.get(actor.userId))),
    route(signOut, SIGNED_IN, async ({ actor, response }) => {
      await users.signOut(actor);
      giveSession(response, '', 0);
    }),
    route(getUser, SIGNED_IN, async ({ actor }) => presentUser(await users.get(actor.userId))),
    route(updateUser, SIGNED_IN, async ({ actor, body }) => presentUser(await users.update(actor, body))),
    route(listAccessTokens, SIGNED_IN, async ({ actor, query }) =>
      mapPage(await users.listAccessTokens(actor, query), presentAccessToken),
    ),
    route(createAccessToken, SIGNED_IN, ({ actor, body }) => users.createAccessToken(actor, body)),
    route(deleteAccessToken, SIGNED_IN, ({ actor, params }) => users.deleteAccessToken(actor, params.id)),
    route(listUsers, ADMINISTRATOR, async ({ query }) => mapPage(await users.list(query), presentUser)),
    route(createUser, ADMINISTRATOR, async ({ actor, body }) => presentUser(await users.create(actor, body))),
    route(readUser, ADMINISTRATOR, async ({ params }) => presentUser(await users.get(params.id))),
    route(deleteUser, ADMINISTRATOR, ({ actor, params }) => users.delete(actor, params.id)),
  ];
}
