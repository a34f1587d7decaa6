import type { Logger } from 'pino';
import { type AuditActor, auditActor, SYSTEM, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { AppError, notFound } from '../../errors.ts';
import { RateLimit } from '../../http/rate-limit.ts';
import type { Changes } from '../../relay/changes.ts';
import type { Passwords } from '../../secrets/passwords.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import type { Mailer } from '../notifications/mailer.ts';
import type { UserRow } from './store.ts';

const VALID_MS = 3600_000;
const MAX_WAITING = 1000;

interface Parts {
  db: Database;
  changes: Changes;
  passwords: Passwords;
  mailer: Mailer;
  publicUrl: () => string;
  logger: Logger;
}

/** New passwords for people who lost theirs. The second factor is asked for as before. */
export class PasswordResetService {
  readonly #parts: Parts;
  readonly #db: Database;
  /** A flood of letters helps nobody; who asks is not told, since that would tell whether the account exists. */
  readonly #letters = new RateLimit({ times: 3, perMs: VALID_MS, what: 'letters' });

  #working: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  /** A link for an administrator to pass on. */
  async create(actor: UserActor, userId: string): Promise<{ link: string; expiresAt: string }> {
    return this.#db.transact(async (tx) => {
      const user = await tx.stores.users.find(userId);
      if (user === null) {
        throw notFound('person');
      }
      return this.#newLink(tx, user, auditActor(actor));
    });
  }

  /** Answers at once and in the same way, whether there is such a person or not. */
  request(login: string): void {
    if (this.#waiting >= MAX_WAITING) {
      return;
    }
    this.#waiting++;
    this.#working = this.#working
      .then(() => this.#mail(login))
      .catch((error: unknown) => {
        this.#parts.logger.error({ err: error }, 'a link to a new password could not be sent');
      })
      .finally(() => {
        this.#waiting--;
      });
  }

  /** Resolves when everything asked for so far is stored. */
  settled(): Promise<void> {
    return this.#working;
  }

  async use(token: string, password: string, address: string | null): Promise<void> {
    const now = new Date().toISOString();
    const hash = hashToken(token);
    const userId = await this.#db.stores.passwordResets.findUserId(hash, now);
    if (userId === null) {
      throw noLink();
    }
    const passwordHash = await this.#parts.passwords.hash(password);
    await this.#db.transact(async (tx) => {
      const user = await tx.stores.users.find(userId);
      if (user === null || (await tx.stores.passwordResets.take(hash)) === 0) {
        throw noLink();
      }
      await tx.stores.users.update(userId, { passwordHash });
      await tx.stores.sessions.deleteSessionsOf(userId);
      await this.#record(tx, 'user.password-reset', user, {
        kind: 'user',
        id: user.id,
        name: user.username,
        via: 'page',
        address,
      });
    });
    this.#parts.changes.emit('access', { kind: 'access', userId });
  }

  async #mail(login: string): Promise<void> {
    const { mailer } = this.#parts;
    const user = mailer.isConfigured ? await this.#db.stores.users.findByLogin(login) : null;
    if (user === null || user.email === null || user.suspended || !this.#mayWrite(user.id)) {
      return;
    }
    const { email } = user;
    await this.#db.transact(async (tx) => {
      const { link } = await this.#newLink(tx, user, auditActor(SYSTEM));
      const text = `Somebody asked for a new password of the account ${user.username} on Flowyard.

To set one, open this link within an hour:
${link}

If it was not you, do nothing: your password stays as it is.
`;
      await mailer.sendIn(tx, { to: email, subject: 'A new password for Flowyard', text });
    });
  }

  #mayWrite(userId: string): boolean {
    try {
      this.#letters.take(userId);
      return true;
    } catch {
      return false;
    }
  }

  async #newLink(tx: Transaction, user: UserRow, actor: AuditActor) {
    const token = newToken('reset');
    const expiresAt = new Date(Date.now() + VALID_MS).toISOString();
    await tx.stores.passwordResets.replace(user.id, hashToken(token), expiresAt);
    await this.#record(tx, 'user.password-reset-made', user, actor);
    return { link: `${this.#parts.publicUrl()}/new-password#${token}`, expiresAt };
  }

  #record(
    tx: Transaction,
    event: 'user.password-reset' | 'user.password-reset-made',
    user: UserRow,
    actor: AuditActor,
  ): Promise<void> {
    return tx.audit({
      event,
      actor,
      teamId: null,
      applicationId: null,
      subject: { kind: 'user', id: user.id, name: user.username },
    });
  }
}

function noLink(): AppError {
  return new AppError(
    404,
    'not_found',
    'This link is not valid any more: it was used, replaced by a newer one, or is older than an hour. Ask for a new one.',
  );
}
