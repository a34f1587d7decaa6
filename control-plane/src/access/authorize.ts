import { type ApplicationRole, type Permission, type Role, roleMay } from '@flowyard/protocol';
import { conflict, forbidden, notFound, unauthenticated } from '../errors.ts';
import type { Changes } from '../relay/changes.ts';
import type { Actor, UserActor } from './actor.ts';
import { PlaceCache } from './place-cache.ts';
import type { PlaceWithRoles, ScopeKind, ScopeStore } from './scope-store.ts';

/** Who may use an operation. Every route has exactly one. */
export type Guard =
  /** Anybody, signed in or not; `why` it must be so. */
  | { kind: 'open'; why: string }
  /** Any person of the platform, for what is their own or everybody's. */
  | { kind: 'signed-in' }
  /** A person for what concerns their account, or all of what they may: not through what is limited to a part. */
  | { kind: 'account' }
  | { kind: 'administrator' }
  /** Whoever has the permission on the thing that the parameter names. */
  | { kind: 'permission'; permission: Permission; on: ScopeKind; param: string }
  /** Device agents, or whoever joins with a provisioning token. */
  | { kind: 'agent' };

/** Where an operation acts, and in which role. */
export interface Scope {
  teamId: string;
  applicationId: string | null;
  role: ApplicationRole | null;
}

const READ_PERMISSION: Record<ScopeKind, Permission> = {
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

/** What the Node-RED of an instance or device may do in its own application. */
const RUNTIME_READS: ReadonlySet<Permission> = new Set<Permission>([
  'application:read',
  'instance:read',
  'device:read',
  'device-group:read',
  'snapshot:read',
  'pipeline:read',
]);
/** What it may do to itself besides. */
const RUNTIME_SELF: ReadonlySet<Permission> = new Set<Permission>([
  'instance:edit-flows',
  'snapshot:create',
  'snapshot:restore',
  'message:relay',
]);

/** The role of a person in a place: the override of the application counts before the role in the team. */
export function effectiveRole(actor: UserActor, place: PlaceWithRoles): ApplicationRole | null {
  if (actor.onlyTeamId !== null && actor.onlyTeamId !== place.teamId) {
    return null;
  }
  if (actor.onlyApplicationId !== null && actor.onlyApplicationId !== place.applicationId) {
    return null;
  }
  if (actor.admin && actor.via !== 'editor') {
    return 'owner';
  }
  return place.teamRole === null ? null : (place.override ?? place.teamRole);
}

const WRITING = /:(?!read$|open-)/;

/** Decides who may do what. What one may not see does not exist. */
export class Access {
  readonly #scopes: ScopeStore;
  readonly #places: PlaceCache;

  constructor(scopes: ScopeStore, changes: Changes) {
    this.#scopes = scopes;
    this.#places = new PlaceCache(scopes, changes);
  }

  /**
   * Where the thing is and in which role the actor acts. Reading where something is changed elsewhere `writes`, too.
   * @throws AppError 404 when it is not there or not visible, 403 when it is visible and this is not allowed
   */
  async authorize(
    actor: Actor,
    permission: Permission,
    on: ScopeKind,
    id: string,
    writes: boolean = WRITING.test(permission),
  ): Promise<Scope> {
    const place = await this.#places.find(on, id, actor.kind === 'user' ? actor.userId : null);
    if (place === null) {
      throw notFound(on.replace('-', ' '));
    }
    switch (actor.kind) {
      case 'system':
        return { ...place, role: 'owner' };
      case 'user':
        return this.#authorizeUser(actor, permission, on, place, writes);
      case 'instance':
      case 'device':
        return this.#authorizeRuntime(actor, permission, on, id, place, writes);
    }
  }

  /** The roles of a person all over a team, for lists and live updates. */
  async rolesIn(actor: UserActor, teamId: string) {
    const roles = await this.#scopes.rolesIn(teamId, actor.userId);
    return (applicationId: string | null): ApplicationRole | null =>
      effectiveRole(actor, {
        teamId,
        applicationId,
        suspended: false,
        teamRole: roles.teamRole,
        override: applicationId === null ? null : (roles.overrides.get(applicationId) ?? null),
      });
  }

  /** Applications of a team in which an actor lacks the permission that they have in the team. */
  async hiddenApplications(actor: Actor, teamId: string, permission: Permission): Promise<string[]> {
    if (actor.kind !== 'user' || (actor.admin && actor.via !== 'editor')) {
      return [];
    }
    const { overrides } = await this.#scopes.rolesIn(teamId, actor.userId);
    return [...overrides]
      .filter(([, role]) => !roleMay(role, permission))
      .map(([applicationId]) => applicationId);
  }

  #authorizeUser(
    actor: UserActor,
    permission: Permission,
    on: ScopeKind,
    place: PlaceWithRoles,
    writes: boolean,
  ): Scope {
    const role = effectiveRole(actor, place);
    // Some may open the pages of what they may not look into.
    if (!roleMay(role, READ_PERMISSION[on]) && !roleMay(role, permission)) {
      throw notFound(on.replace('-', ' '));
    }
    if (actor.readOnly && writes) {
      throw forbidden('This access token may only read.');
    }
    if (roleMay(role, permission) && place.suspended && writes) {
      throw teamSuspended();
    }
    if (!roleMay(role, permission)) {
      throw forbidden(`Your role here is ${role}; that does not allow this. Ask an owner of the team.`);
    }
    return { teamId: place.teamId, applicationId: place.applicationId, role };
  }

  async #authorizeRuntime(
    actor: Exclude<Actor, UserActor | { kind: 'system' }>,
    permission: Permission,
    on: ScopeKind,
    id: string,
    place: PlaceWithRoles,
    writes: boolean,
  ): Promise<Scope> {
    const ownId = actor.kind === 'instance' ? actor.instanceId : actor.deviceId;
    const own = on === actor.kind && id === ownId;
    const home = await this.#places.find(actor.kind, ownId, null);
    const near = home !== null && home.applicationId !== null && home.applicationId === place.applicationId;
    if (!own && !(near && RUNTIME_READS.has(READ_PERMISSION[on]))) {
      throw notFound(on.replace('-', ' '));
    }
    if (!RUNTIME_READS.has(permission) && !(own && RUNTIME_SELF.has(permission))) {
      throw forbidden('Node-RED itself may not do this. Do it as a person, in the sidebar or on the page.');
    }
    if (place.suspended && writes) {
      throw teamSuspended();
    }
    return { teamId: place.teamId, applicationId: place.applicationId, role: null };
  }
}

/** For whoever would change something in a team that stands still. */
export function teamSuspended() {
  return conflict(
    'team_suspended',
    'This team is suspended: its instances stand still, and nothing in it can be changed. An administrator of the platform can lift that.',
  );
}

/** @throws AppError 401 unless it is a person */
export function requireUser(actor: Actor | null): UserActor {
  if (actor?.kind !== 'user') {
    throw unauthenticated();
  }
  return actor;
}

/** The role to show in a view; `none` is never shown, since then there is no view. */
export function shownRole(role: ApplicationRole | null): Role | null {
  return role === 'none' ? null : role;
}
