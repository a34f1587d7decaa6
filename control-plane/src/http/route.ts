import type { Operation, Permission, TeamFeature } from '@flowyard/protocol';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Actor, UserActor } from '../access/actor.ts';
import type { Guard, Scope } from '../access/authorize.ts';
import type { ScopeKind } from '../access/scope-store.ts';

type PermissionGuard = Extract<Guard, { kind: 'permission' }>;
type PersonGuard = Extract<Guard, { kind: 'signed-in' | 'account' | 'administrator' }>;

/** What a handler gets: everything is parsed, and its guard was passed. */
export interface RouteContext<P, Q, B, G extends Guard> {
  params: P;
  query: Q;
  body: B;
  actor: G extends PersonGuard ? UserActor : G extends PermissionGuard ? Actor : Actor | null;
  scope: G extends PermissionGuard ? Scope : null;
  request: Request;
  response: Response;
}

/** An operation with who may use it and how it is done. */
export interface Route {
  operation: Operation;
  guard: Guard;
  /** What the type of the team must have for it. */
  feature?: TeamFeature;
  handle: (context: RouteContext<unknown, unknown, unknown, Guard>) => Promise<unknown>;
}

/** Binds an operation of the protocol to its guard and handler. The handler's answer is what the client gets. */
export function route<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodType,
  R extends z.ZodType,
  G extends Guard,
>(
  operation: Operation<P, Q, B, R>,
  guard: G,
  handle: (context: RouteContext<z.output<P>, z.output<Q>, z.output<B>, G>) => Promise<z.output<R>>,
): Route {
  return { operation, guard, handle: handle as unknown as Route['handle'] } as Route;
}

export const SIGNED_IN = { kind: 'signed-in' } as const;
export const ACCOUNT = { kind: 'account' } as const;
export const ADMINISTRATOR = { kind: 'administrator' } as const;
export const AGENT = { kind: 'agent' } as const;

export function open(why: string) {
  return { kind: 'open', why } as const;
}

/** Needs the permission on the thing whose id is in the path. */
export function may<K extends ScopeKind>(permission: Permission, on: K, param = 'id') {
  return { kind: 'permission', permission, on, param } as const;
}
