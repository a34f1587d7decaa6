import { auditActor, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, notFound } from '../../errors.ts';
import type { Changes } from '../../relay/changes.ts';
import type { Passwords } from '../../secrets/passwords.ts';
import type { UserRow } from './store.ts';

export interface UserChanges {
  name?: string | undefined;
  email?: string | null | undefined;
  admin?: boolean | undefined;
  suspended?: boolean | undefined;
  password?: string | undefined;
}

/** What administrators do with the accounts of others. One active administrator always remains. */
export class UserAdministration {
  readonly #db: Database;
  readonly #passwords: Passwords;
  readonly #changes: Changes;

  constructor(parts: { db: Database; passwords: Passwords; changes: Changes }) {
    this.#db = parts.db;
    this.#passwords = parts.passwords;
    this.#changes = parts.changes;
  }

  /** Whoever is suspended, or gets another password, loses every session at once. */
  async update(actor: UserActor, id: string, changes: UserChanges): Promise<UserRow> {
    if (id === actor.userId && changes.suspended) {
      throw conflict('own_account', 'You cannot suspend your own account. Ask another administrator.');
    }
    const { password, ...visible } = changes;
    const passwordHash = password === undefined ? undefined : await this.#passwords.hash(password);
    const user = await this.#db.transact(async (tx) => {
      await tx.stores.users.lockAdministrators();
      const before = await this.#require(tx, id);
      await tx.stores.users.update(id, { ...visible, passwordHash });
      await this.#keepAdministrator(tx);
      if (changes.suspended || passwordHash !== undefined) {
        await tx.stores.sessions.deleteSessionsOf(id);
      }
      await this.#record(tx, actor, 'user.changed', before, {
        before: Object.fromEntries(Object.keys(visible).map((key) => [key, before[key as keyof UserRow]])),
        after: visible,
        ...(passwordHash !== undefined && { password: 'changed' }),
      });
      return this.#require(tx, id);
    });
    this.#changes.emit('access', { kind: 'access', userId: id });
    return user;
  }

  async delete(actor: UserActor, id: string): Promise<void> {
    if (id === actor.userId) {
      throw conflict('own_account', 'You cannot remove your own account. Ask another administrator.');
    }
    await this.#db.transact(async (tx) => {
      await tx.stores.users.lockAdministrators();
      const user = await this.#require(tx, id);
      const teams = await tx.stores.teams.teamsWithOnlyOwner(id);
      if (teams.length > 0) {
        const message = `${user.username} is the only owner of ${teams.join(', ')}. Make somebody else owner first.`;
        throw conflict('last_owner', message, { teams });
      }
      await tx.stores.users.delete(id);
      await this.#keepAdministrator(tx);
      await this.#record(tx, actor, 'user.deleted', user);
    });
    this.#changes.emit('access', { kind: 'access', userId: id });
  }

  /** Counted after the change, under a lock: two administrators who suspend each other cannot both succeed. */
  async #keepAdministrator(tx: Transaction): Promise<void> {
    if ((await tx.stores.users.countAdministrators()) === 0) {
      throw conflict(
        'last_administrator',
        'The platform needs an administrator. Make somebody else one first.',
      );
    }
  }

  async #require(tx: Transaction, id: string): Promise<UserRow> {
    const user = await tx.stores.users.find(id);
    if (user === null) {
      throw notFound('person');
    }
    return user;
  }

  #record(
    tx: Transaction,
    actor: UserActor,
    event: 'user.changed' | 'user.deleted',
    user: UserRow,
    details?: Record<string, unknown>,
  ): Promise<void> {
    return tx.audit({
      event,
      actor: auditActor(actor),
      teamId: null,
      applicationId: null,
      subject: { kind: 'user', id: user.id, name: user.username },
      ...(details && { details }),
    });
  }
}
