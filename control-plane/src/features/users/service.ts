import type { ListQuery, Page } from '@flowyard/protocol';
import { auditActor, SYSTEM, type UserActor } from '../../access/actor.ts';
import { type Database, isDuplicate, type Transaction } from '../../db/database.ts';
import { AppError, conflict, invalid, notFound, unauthenticated } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { Changes } from '../../relay/changes.ts';
import { Remembered } from '../../relay/remembered.ts';
import type { Passwords } from '../../secrets/passwords.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import type { SecondFactorService } from './second-factor-service.ts';
import type { OwnSessionRow } from './session-store.ts';
import type { UserRow } from './store.ts';

const SESSION_DAYS = 14;
const DAY_MS = 24 * 60 * 60 * 1000;
export const SESSION_SECONDS = (SESSION_DAYS * DAY_MS) / 1000;

export interface NewUser {
  username: string;
  name?: string | undefined;
  email?: string | null | undefined;
  password: string;
  admin?: boolean | undefined;
}

/** People of the platform and their sessions. */
export class UserService {
  readonly #db: Database;
  readonly #passwords: Passwords;
  readonly #changes: Changes;
  readonly #secondFactor: SecondFactorService;
  /** People who ask are asked for with every request; forgotten when anything about them changes. */
  readonly #known = new Remembered<UserRow>({ keepMs: 5000, maxEntries: 10_000 });
  /** The hash of the one-time key of the first-run page; only while there is nobody. */
  #setupKeyHash: string | null = null;

  constructor(parts: {
    db: Database;
    passwords: Passwords;
    changes: Changes;
    secondFactor: SecondFactorService;
  }) {
    this.#db = parts.db;
    this.#passwords = parts.passwords;
    this.#changes = parts.changes;
    this.#secondFactor = parts.secondFactor;
    this.#changes.on('access', () => this.#known.clear());
  }

  /** A one-time key for making the first administrator; null when there is somebody already. */
  async openSetup(): Promise<string | null> {
    if (await this.#db.stores.users.any()) {
      return null;
    }
    const key = newToken('setup');
    this.#setupKeyHash = hashToken(key);
    return key;
  }

  async setupNeeded(): Promise<boolean> {
    return !(await this.#db.stores.users.any());
  }

  async completeSetup(key: string, user: NewUser): Promise<UserRow> {
    if (this.#setupKeyHash === null || !(await this.setupNeeded())) {
      throw conflict('already_set_up', 'There is an administrator already. Sign in instead.');
    }
    if (hashToken(key) !== this.#setupKeyHash) {
      throw new AppError(
        403,
        'forbidden',
        'This is not the key that the log of the server shows. Open the link from there.',
      );
    }
    this.#setupKeyHash = null;
    return this.create(null, { ...user, admin: true });
  }

  /** A person who is not stored yet. */
  async prepare(input: NewUser): Promise<UserRow> {
    return {
      id: newId(),
      username: input.username,
      name: input.name ?? input.username,
      email: input.email ?? null,
      passwordHash: await this.#passwords.hash(input.password),
      admin: input.admin ?? false,
      suspended: false,
      createdAt: new Date().toISOString(),
    };
  }

  /** Stores a prepared person; `details` say how they came. */
  async insert(
    tx: Transaction,
    user: UserRow,
    details: Record<string, unknown>,
    actor: UserActor | null = null,
  ): Promise<void> {
    await tx.stores.users.insert(user);
    await tx.audit({
      event: 'user.created',
      actor: auditActor(actor ?? SYSTEM),
      teamId: null,
      applicationId: null,
      subject: { kind: 'user', id: user.id, name: user.username },
      details: { admin: user.admin, ...details },
    });
  }

  /** Makes a person; without an actor the platform itself does it. */
  async create(
    actor: UserActor | null,
    input: NewUser,
    details: Record<string, unknown> = {},
  ): Promise<UserRow> {
    const user = await this.prepare(input);
    try {
      await this.#db.transact((tx) => this.insert(tx, user, details, actor));
    } catch (error) {
      if (isDuplicate(error)) {
        throw conflict('name_taken', `The user name ${user.username} is taken.`);
      }
      throw error;
    }
    return user;
  }

  /** @throws AppError 401, in the same words and time whether the person is unknown or suspended or the password is wrong */
  async signIn(
    login: string,
    password: string,
    from: { address: string | null; browser: string | null },
    code?: string,
  ): Promise<{ user: UserRow; token: string }> {
    const user = await this.#db.stores.users.findByLogin(login);
    const fits = await this.#passwords.verify(user?.passwordHash ?? null, password);
    if (user === null || !fits || user.suspended) {
      throw unauthenticated('User name or password is not right.');
    }
    await this.#secondFactor.require(user, code);
    return { user, token: await this.openSession(user, from) };
  }

  /** The token of a new session of somebody who has proved who they are. */
  async openSession(
    user: UserRow,
    from: { address: string | null; browser: string | null },
    details: Record<string, unknown> = {},
  ): Promise<string> {
    const token = newToken('session');
    const now = Date.now();
    await this.#db.transact(async (tx) => {
      await tx.stores.sessions.insertSession({
        id: newId(),
        tokenHash: hashToken(token),
        userId: user.id,
        createdAt: new Date(now).toISOString(),
        expiresAt: new Date(now + SESSION_DAYS * DAY_MS).toISOString(),
        ...from,
      });
      await tx.audit({
        event: 'user.signed-in',
        actor: { kind: 'user', id: user.id, name: user.username, via: 'page', address: from.address },
        teamId: null,
        applicationId: null,
        subject: { kind: 'user', id: user.id, name: user.username },
        details,
      });
    });
    return token;
  }

  async signOut(actor: UserActor): Promise<void> {
    if (actor.sessionId !== null) {
      await this.#db.stores.sessions.deleteSession(actor.sessionId);
      this.#changes.emit('access', { kind: 'access', userId: actor.userId });
    }
  }

  listSessions(actor: UserActor, query: ListQuery): Promise<Page<OwnSessionRow>> {
    return this.#db.stores.sessions.listSessions(actor.userId, new Date().toISOString(), query);
  }

  /** Ends one of one's own sessions; its editors and live connections end with it. */
  async endSession(actor: UserActor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      if (!(await tx.stores.sessions.ownsSession(actor.userId, id))) {
        throw notFound('session');
      }
      await tx.stores.sessions.deleteSession(id);
      await tx.audit({
        event: 'session.ended',
        actor: auditActor(actor),
        teamId: null,
        applicationId: null,
        subject: { kind: 'user', id: actor.userId, name: actor.username },
      });
    });
    this.#changes.emit('access', { kind: 'access', userId: actor.userId });
  }

  async get(id: string): Promise<UserRow> {
    const user = await this.#known.read(id, () => this.#db.stores.users.find(id));
    if (user === null) {
      throw notFound('person');
    }
    return user;
  }

  list(query: ListQuery): Promise<Page<UserRow>> {
    return this.#db.stores.users.list(query);
  }

  async update(
    actor: UserActor,
    changes: {
      name?: string | undefined;
      email?: string | null | undefined;
      password?: { current: string; next: string } | undefined;
    },
  ): Promise<UserRow> {
    const user = await this.get(actor.userId);
    const passwordHash = changes.password && (await this.#nextPassword(user, changes.password));
    await this.#db.transact(async (tx) => {
      await tx.stores.users.update(user.id, {
        ...(changes.name !== undefined && { name: changes.name }),
        ...(changes.email !== undefined && { email: changes.email }),
        ...(passwordHash !== undefined && { passwordHash }),
      });
      if (passwordHash !== undefined) {
        await tx.stores.sessions.deleteOtherSessions(user.id, actor.sessionId);
      }
      await tx.audit({
        event: 'user.changed',
        actor: auditActor(actor),
        teamId: null,
        applicationId: null,
        subject: { kind: 'user', id: user.id, name: user.username },
        details: { changed: Object.keys(changes) },
      });
    });
    this.#changes.emit('access', { kind: 'access', userId: user.id });
    return this.get(user.id);
  }

  async #nextPassword(user: UserRow, password: { current: string; next: string }): Promise<string> {
    if (!(await this.#passwords.verify(user.passwordHash, password.current))) {
      throw invalid('password.current', 'is not your password');
    }
    return this.#passwords.hash(password.next);
  }
}
