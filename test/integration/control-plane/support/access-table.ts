import { type ApplicationRole, OPERATIONS, type Permission, ROLE_PERMISSIONS } from '@flowyard/protocol';
import type { Guard } from '../../../../control-plane/src/access/authorize.ts';
import type { ScopeKind } from '../../../../control-plane/src/access/scope-store.ts';
import type { Parts } from '../../../../control-plane/src/compose.ts';
import type { Stores } from '../../../../control-plane/src/db/stores.ts';
import { createRoutes } from '../../../../control-plane/src/routes.ts';
import type { Person } from './access-world.ts';

/** What somebody must be able to read so that a thing exists for them. */
export const SEEN_BY: Record<ScopeKind, Permission> = {
  team: 'team:read',
  application: 'application:read',
  instance: 'instance:read',
  device: 'device:read',
  'device-group': 'device-group:read',
  snapshot: 'snapshot:read',
  pipeline: 'pipeline:read',
  stage: 'pipeline:read',
  deployment: 'pipeline:read',
};

/** No operation has such a field: whoever passes the guard gets 422, and nothing is done. */
export const NOT_A_FIELD = 'not-a-field=1';
export const PASSES = 422;

/** The guards as they are in the routes; handlers are never called here. */
function guards(): Map<string, Guard> {
  const nothing = new Proxy({}, { get: () => undefined });
  const routes = createRoutes(nothing as Parts, nothing as Stores, () => false);
  return new Map(routes.map(({ operation, guard }) => [operation.id, guard]));
}

/** The role that counts for a thing of that kind, by the words of docs/access.md. */
export function roleOf(person: Person, inApplication: boolean): ApplicationRole | null {
  if (person.limited === 'other-team' || (person.limited === 'application' && !inApplication)) {
    return null;
  }
  if (person.admin) {
    return 'owner';
  }
  return inApplication ? (person.override ?? person.teamRole) : person.teamRole;
}

export function may(role: ApplicationRole | null, permission: Permission): boolean {
  return role !== null && role !== 'none' && ROLE_PERMISSIONS[role].has(permission);
}

/** The status that the table wants. */
export function expected(guard: Guard, person: Person, isRead: boolean, inApplication: boolean): number {
  const brings = person.client.authentication.authorization !== undefined;
  if (guard.kind === 'open' && brings && !person.signedIn) {
    // A token that is not valid is refused wherever it is brought.
    return 401;
  }
  if (guard.kind === 'open' || guard.kind === 'agent') {
    return person.readOnly && !isRead && guard.kind === 'open' ? 403 : PASSES;
  }
  if (!person.signedIn) {
    return 401;
  }
  if (person.readOnly && !isRead) {
    return 403;
  }
  if (guard.kind === 'signed-in') {
    return PASSES;
  }
  if (guard.kind === 'account') {
    return person.limited === null ? PASSES : 403;
  }
  if (guard.kind === 'administrator') {
    return person.admin ? PASSES : 403;
  }
  const role = roleOf(person, inApplication);
  if (!may(role, SEEN_BY[guard.on])) {
    return 404;
  }
  return may(role, guard.permission) ? PASSES : 403;
}

export function pathOf(path: string, guard: Guard, ids: Record<string, string>): string {
  return path.replace(/:(\w+)/g, (_all, name: string) =>
    guard.kind === 'permission' && guard.param === name
      ? (ids[guard.on] ?? '')
      : '01abcdefghjkmnpqrstvwxyz00',
  );
}

/** An operation with what guards it. */
export interface Guarded {
  operation: (typeof OPERATIONS)[number]['operation'];
  guard: Guard;
}

/** All operations that are published. */
export function guardedOperations(): Guarded[] {
  const guardOf = guards();
  return OPERATIONS.map(({ operation }) => {
    const guard = guardOf.get(operation.id);
    if (guard === undefined) {
      throw new Error(`${operation.id} has no route`);
    }
    return { operation, guard };
  });
}
