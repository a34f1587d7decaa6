import type { IncomingMessage } from 'node:http';
import type { Operation } from '@flowyard/protocol';
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import type { z } from 'zod';
import { type Actor, isLimited, type UserActor } from '../access/actor.ts';
import { type Access, requireUser, type Scope } from '../access/authorize.ts';
import type { Stores } from '../db/stores.ts';
import { AppError, forbidden, invalidFields, unauthenticated } from '../errors.ts';
import { refuseMissingFeature } from '../features/team-types/features.ts';
import type { Authenticator } from './authenticate.ts';
import type { Idempotency } from './idempotency.ts';
import type { Route } from './route.ts';

interface ApiParts {
  stores: Pick<Stores, 'teamTypes'>;
  authenticator: Authenticator;
  access: Access;
  idempotency: Idempotency;
}

/** Input by the schema, or an error that names each field. */
function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) {
    return parsed.data;
  }
  throw invalidFields(
    parsed.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({
            field: [...issue.path, key].join('.'),
            message: 'is not a field of this request',
          }))
        : [{ field: issue.path.join('.'), message: issue.message }],
    ),
  );
}

async function authorize(
  access: Access,
  { guard, operation }: Pick<Route, 'guard' | 'operation'>,
  actor: Actor | null,
  params: Record<string, string>,
): Promise<Scope | null> {
  switch (guard.kind) {
    case 'open':
    case 'agent':
      return null;
    case 'signed-in':
      requireUser(actor);
      return null;
    case 'account':
      requireAccount(requireUser(actor));
      return null;
    case 'administrator':
      requireAdministrator(requireUser(actor));
      return null;
    case 'permission':
      if (actor === null) {
        throw unauthenticated();
      }
      return access.authorize(
        actor,
        guard.permission,
        guard.on,
        params[guard.param] ?? '',
        operation.method !== 'GET',
      );
  }
}

function requireAccount(user: UserActor): void {
  if (isLimited(user)) {
    throw forbidden('This sign-in is limited to a part of the platform. Do this on the page.');
  }
}

function requireAdministrator(user: UserActor): void {
  if (!user.admin || user.via === 'editor' || isLimited(user)) {
    throw forbidden('Only administrators of the platform may do this.');
  }
}

function refuseReadOnly(operation: Operation, actor: Actor | null): void {
  if (actor?.kind === 'user' && actor.readOnly && operation.method !== 'GET') {
    throw forbidden('This access token may only read.');
  }
}

function send(response: Response, status: number, answer: unknown): void {
  if (response.headersSent) {
    return;
  }
  if (answer === undefined || status === 204) {
    response.status(status).end();
  } else {
    response.status(status).json(answer);
  }
}

function bodyParser(operation: Operation): RequestHandler {
  return express.json({ limit: operation.maxBodyBytes, strict: false });
}

function readBody(parser: RequestHandler, request: Request, response: Response): Promise<unknown> {
  return new Promise((resolve, reject) => {
    parser(request, response, (error?: unknown) =>
      error === undefined ? resolve(request.body) : reject(error),
    );
  });
}

/** Guard first, then the body: whoever may not do it cannot make the server read 20 MB. */
function handlerOf({ operation, guard, feature, handle }: Route, parts: ApiParts): RequestHandler {
  const parser = bodyParser(operation);
  return async (request, response) => {
    const actor = guard.kind === 'agent' ? null : await parts.authenticator.authenticate(request);
    refuseReadOnly(operation, actor);
    const scope = await authorize(
      parts.access,
      { guard, operation },
      actor,
      request.params as Record<string, string>,
    );
    if (feature !== undefined && scope !== null) {
      await refuseMissingFeature(parts.stores, scope.teamId, feature);
    }
    const params = parse(operation.params, request.params);
    const query = parse(operation.query, request.query);
    const body = parse(operation.body, await readBody(parser, request, response));
    const context = { params, query, body, actor, scope, request, response } as Parameters<
      Route['handle']
    >[0];
    const { status, answer } = await parts.idempotency.once(
      { operation, actor, key: idempotencyKey(request), path: request.originalUrl },
      async () => ({ status: operation.status, answer: await handle(context) }),
    );
    send(response, status, answer);
  };
}

function idempotencyKey(request: IncomingMessage): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) {
    return null;
  }
  if (typeof key !== 'string' || key.length > 200) {
    throw new AppError(422, 'invalid', 'The Idempotency-Key must have at most 200 characters.');
  }
  return key;
}

function bySegment(routes: readonly Route[]): Map<string, Route[]> {
  const groups = new Map<string, Route[]>();
  for (const route of routes) {
    const segment = route.operation.path.split('/')[1] ?? '';
    groups.set(segment, [...(groups.get(segment) ?? []), route]);
  }
  return groups;
}

/** The routes below `/api/v1`. A path that does not exist is a JSON 404. */
export function createApi(routes: readonly Route[], parts: ApiParts): Router {
  const router = Router({ caseSensitive: true });
  // Routes are tried one after the other, so they are grouped by their first segment.
  for (const [segment, group] of bySegment(routes)) {
    const inside = Router({ caseSensitive: true });
    for (const route of group) {
      const method = route.operation.method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
      inside[method](route.operation.path.slice(segment.length + 1) || '/', handlerOf(route, parts));
    }
    router.use(`/${segment}`, inside);
  }
  return router;
}
