import type { IncomingMessage } from 'node:http';
import { IDENTITY_HEADER } from '@flowyard/protocol';
import type { Actor, UserActor } from '../access/actor.ts';
import type { Stores } from '../db/stores.ts';
import { AppError, unauthenticated } from '../errors.ts';
import type { Changes } from '../relay/changes.ts';
import { hashToken, isToken } from '../secrets/tokens.ts';
import type { Vault } from '../secrets/vault.ts';
import { readCookie } from './cookies.ts';

export const SESSION_COOKIE = 'flowyard_session';
const CACHE_MS = 5000;
const CACHE_ENTRIES = 10_000;
const TOUCH_EVERY_MS = 60_000;

interface Cached {
  actor: UserActor;
  until: number;
}

/** Finds out who sends a request. */
export class Authenticator {
  readonly #stores: Stores;
  readonly #vault: Vault;
  readonly #cache = new Map<string, Cached>();
  readonly #touched = new Map<string, number>();

  constructor(stores: Stores, vault: Vault, changes: Changes) {
    this.#stores = stores;
    this.#vault = vault;
    changes.on('access', () => this.#cache.clear());
  }

  /**
   * Who it is; null when nothing was sent that says so.
   * @throws AppError 401 when something was sent and is not valid, 403 when a page forgot the header that proves it is ours
   */
  async authenticate(request: IncomingMessage): Promise<Actor | null> {
    const actor = await this.#identify(request);
    return actor?.kind === 'user' ? { ...actor, address: addressOf(request) } : actor;
  }

  async #identify(request: IncomingMessage): Promise<Actor | null> {
    const bearer = bearerOf(request);
    if (bearer !== null) {
      return this.#byToken(bearer, request);
    }
    const session = readCookie(request.headers.cookie, SESSION_COOKIE);
    const actor = session === null ? null : await this.bySession(session);
    if (actor !== null && isWrite(request) && request.headers['x-requested-with'] !== 'flowyard') {
      throw new AppError(
        403,
        'forbidden',
        'A request that writes with a session cookie needs the header X-Requested-With: flowyard.',
      );
    }
    return actor;
  }

  /** The person of a session cookie; null when it has ended. */
  async bySession(token: string): Promise<UserActor | null> {
    const hash = hashToken(token);
    const cached = this.#cached(hash);
    if (cached !== null) {
      return cached;
    }
    const session = await this.#stores.sessions.findSession(hash);
    if (session === null || session.expiresAt < new Date().toISOString()) {
      return null;
    }
    await this.#touch(session.id, (at) => this.#stores.sessions.touchSession(session.id, at));
    const { userId, username, name, admin } = session;
    const actor: UserActor = {
      kind: 'user',
      userId,
      username,
      name,
      admin,
      via: 'page',
      sessionId: session.id,
      onlyTeamId: null,
      onlyApplicationId: null,
      readOnly: false,
    };
    this.#remember(hash, actor);
    return actor;
  }

  async #byToken(token: string, request: IncomingMessage): Promise<Actor> {
    const actor = isToken('access', token)
      ? await this.#byAccessToken(token)
      : isToken('device', token)
        ? await this.#byDeviceToken(token, request)
        : await this.#byRuntimeToken(token, request);
    if (actor === null) {
      throw unauthenticated('This token is not valid: it is mistyped, has expired, or was revoked.');
    }
    return actor;
  }

  async #byAccessToken(token: string): Promise<UserActor | null> {
    const hash = hashToken(token);
    const cached = this.#cached(hash);
    if (cached !== null) {
      return cached;
    }
    const row = await this.#stores.sessions.findAccessToken(hash);
    const now = new Date().toISOString();
    if (row === null || (row.expiresAt !== null && row.expiresAt < now)) {
      return null;
    }
    await this.#touch(row.id, (at) => this.#stores.sessions.touchAccessToken(row.id, at));
    const actor: UserActor = {
      kind: 'user',
      userId: row.userId,
      username: row.username,
      name: row.userName,
      admin: row.admin,
      via: 'token',
      sessionId: null,
      tokenId: row.id,
      onlyTeamId: row.teamId,
      onlyApplicationId: row.applicationId,
      readOnly: row.readOnly,
    };
    this.#remember(hash, actor);
    return actor;
  }

  /** A device, or, with a signed identity beside the token, the person at its editor. */
  async #byDeviceToken(token: string, request: IncomingMessage): Promise<Actor | null> {
    const deviceId = await this.#stores.devices.findIdByToken(hashToken(token), new Date().toISOString());
    if (deviceId === null) {
      return null;
    }
    const person = await this.#byIdentity('device', deviceId, request);
    return person ?? { kind: 'device', deviceId };
  }

  /** A hosted Node-RED, or, with a signed identity beside the token, the person at its editor. */
  async #byRuntimeToken(token: string, request: IncomingMessage): Promise<Actor | null> {
    const instanceId = this.#vault.readRuntimeToken(token);
    if (instanceId === null) {
      return null;
    }
    const person = await this.#byIdentity('instance', instanceId, request);
    return person ?? { kind: 'instance', instanceId };
  }

  /** The person at the editor of a Node-RED, as the proxy signed it; null when none is named. */
  async #byIdentity(
    kind: 'instance' | 'device',
    id: string,
    request: IncomingMessage,
  ): Promise<UserActor | null> {
    const signed = request.headers[IDENTITY_HEADER];
    if (typeof signed !== 'string') {
      return null;
    }
    const identity = this.#vault.readIdentity(signed);
    const place = await this.#stores.scopes.find(kind, id, null);
    if (identity === null || identity.instanceId !== id || place === null) {
      throw unauthenticated('The sign-in of this editor has expired. Reload the editor.');
    }
    return {
      kind: 'user',
      userId: identity.userId,
      username: identity.username,
      name: identity.name,
      admin: false,
      via: 'editor',
      sessionId: null,
      onlyTeamId: place.teamId,
      onlyApplicationId: null,
      readOnly: false,
    };
  }

  /** Remembers when something was used last, once a minute at most. */
  async #touch(id: string, save: (at: string) => Promise<void>): Promise<void> {
    const now = Date.now();
    if (now - (this.#touched.get(id) ?? 0) <= TOUCH_EVERY_MS) {
      return;
    }
    if (this.#touched.size >= CACHE_ENTRIES) {
      this.#touched.clear();
    }
    this.#touched.set(id, now);
    await save(new Date(now).toISOString());
  }

  #cached(hash: string): UserActor | null {
    const cached = this.#cache.get(hash);
    return cached !== undefined && cached.until > Date.now() ? cached.actor : null;
  }

  #remember(hash: string, actor: UserActor): void {
    if (this.#cache.size >= CACHE_ENTRIES) {
      this.#cache.clear();
    }
    this.#cache.set(hash, { actor, until: Date.now() + CACHE_MS });
  }
}

/** Where a request comes from: what Express makes of the headers of trusted proxies, else the other end of the socket. */
export function addressOf(request: IncomingMessage): string {
  const ip = 'ip' in request && typeof request.ip === 'string' ? request.ip : request.socket.remoteAddress;
  return ip ?? '';
}

/** The bearer token of a request; null when there is none. */
export function bearerOf(request: IncomingMessage): string | null {
  const match = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}

function isWrite(request: IncomingMessage): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(request.method ?? 'GET');
}
