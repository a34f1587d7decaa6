import { randomInt } from 'node:crypto';
import type { AuditEventName, SecondFactorView } from '@flowyard/protocol';
import { Secret, TOTP } from 'otpauth';
import { auditActor, type UserActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { AppError, conflict, invalid, notFound, unauthenticated } from '../../errors.ts';
import type { Passwords } from '../../secrets/passwords.ts';
import { hashToken } from '../../secrets/tokens.ts';
import type { Vault } from '../../secrets/vault.ts';

const STEP_MS = 30_000;
/** Codes of the step before and after are taken, too: clocks differ. */
const WINDOW = 1;
const SECRET_BYTES = 20;
const RECOVERY_CODES = 10;
/** Without letters and digits that look alike. */
const ALPHABET = 'abcdefghjkmnpqrstvwxyz23456789';
const TRIES = 20;
const TRIES_MS = 15 * 60_000;

interface Parts {
  db: Database;
  vault: Vault;
  passwords: Passwords;
}

/** The second factor of people: time-based codes (RFC 6238) and recovery codes. */
export class SecondFactorService {
  readonly #db: Database;
  readonly #vault: Vault;
  readonly #passwords: Passwords;
  /** Wrong codes by person. Only who knows the password gets so far, so nobody is locked out by strangers. */
  readonly #failures = new Map<string, { count: number; until: number }>();

  constructor(parts: Parts) {
    this.#db = parts.db;
    this.#vault = parts.vault;
    this.#passwords = parts.passwords;
  }

  async view(userId: string): Promise<SecondFactorView> {
    const factor = await this.#db.stores.secondFactors.find(userId);
    const enabled = factor?.confirmed ?? false;
    return {
      enabled,
      recoveryCodesLeft: enabled ? await this.#db.stores.secondFactors.countRecoveryCodes(userId) : 0,
    };
  }

  /** Makes a secret; nothing changes until a code of it is confirmed. */
  async prepare(actor: UserActor, password: string): Promise<{ secret: string; uri: string }> {
    await this.#requirePassword(actor, password);
    const secret = new Secret({ size: SECRET_BYTES }).base32;
    await this.#db.transact(async (tx) => {
      if ((await tx.stores.secondFactors.find(actor.userId))?.confirmed) {
        throw conflict(
          'already_enabled',
          'The second factor is on already. Turn it off first to use another device.',
        );
      }
      await tx.stores.secondFactors.prepare(actor.userId, this.#vault.seal(secret));
    });
    return { secret, uri: totpOf(secret, actor.username).toString() };
  }

  /** @returns the recovery codes, this once */
  async confirm(actor: UserActor, code: string): Promise<string[]> {
    return this.#db.transact(async (tx) => {
      const factor = await tx.stores.secondFactors.find(actor.userId);
      if (factor === null || factor.confirmed) {
        throw conflict('not_prepared', 'There is no second factor to confirm. Begin again.');
      }
      if (!(await this.#takeCode(tx, actor.userId, factor.secret, code))) {
        throw invalid('code', 'is not right: look whether the clock of your device is');
      }
      await tx.stores.secondFactors.confirm(actor.userId);
      const codes = await this.#newRecoveryCodes(tx, actor.userId);
      await this.#record(tx, actor, 'second-factor.enabled', actor.userId, actor.username);
      return codes;
    });
  }

  /** @returns the new recovery codes, this once */
  async renewRecoveryCodes(actor: UserActor, password: string): Promise<string[]> {
    await this.#requirePassword(actor, password);
    return this.#db.transact(async (tx) => {
      if (!(await tx.stores.secondFactors.find(actor.userId))?.confirmed) {
        throw conflict('not_enabled', 'The second factor is off.');
      }
      await this.#record(tx, actor, 'second-factor.recovery-codes-made', actor.userId, actor.username);
      return this.#newRecoveryCodes(tx, actor.userId);
    });
  }

  async disable(actor: UserActor, password: string): Promise<void> {
    await this.#requirePassword(actor, password);
    await this.#db.transact(async (tx) => {
      if (await tx.stores.secondFactors.delete(actor.userId)) {
        await this.#record(tx, actor, 'second-factor.disabled', actor.userId, actor.username);
      }
    });
  }

  /** By an administrator, for somebody who lost their device and their recovery codes. */
  async reset(actor: UserActor, userId: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const user = await tx.stores.users.find(userId);
      if (user === null) {
        throw notFound('person');
      }
      if (await tx.stores.secondFactors.delete(userId)) {
        await this.#record(tx, actor, 'second-factor.disabled', userId, user.username);
      }
    });
  }

  /**
   * Lets a sign-in pass whose password was right.
   * @throws AppError 401 `second_factor_needed` without a code, `second_factor_wrong` with one that does not fit; 429
   */
  async require(user: { id: string; username: string }, code: string | undefined): Promise<void> {
    const factor = await this.#db.stores.secondFactors.find(user.id);
    if (factor === null || !factor.confirmed) {
      return;
    }
    if (code === undefined) {
      throw new AppError(401, 'second_factor_needed', 'Enter the code that your authenticator app shows.');
    }
    this.#refuseTooMany(user.id);
    const fits = await this.#db.transact(async (tx) => {
      if (await this.#takeCode(tx, user.id, factor.secret, code)) {
        return true;
      }
      const isRecovery = await tx.stores.secondFactors.takeRecoveryCode(user.id, hashOf(code));
      if (isRecovery) {
        const actor = { kind: 'user', id: user.id, name: user.username, via: 'page' } as const;
        await tx.audit({
          ...aboutPerson(user.id, user.username),
          event: 'second-factor.recovery-code-used',
          actor,
        });
      }
      return isRecovery;
    });
    if (!fits) {
      this.#countFailure(user.id);
      throw new AppError(
        401,
        'second_factor_wrong',
        'This code is not right, or it was used already. Enter a new one.',
      );
    }
    this.#failures.delete(user.id);
  }

  async #takeCode(tx: Transaction, userId: string, sealed: string, code: string): Promise<boolean> {
    const now = Date.now();
    const delta = totpOf(this.#vault.unseal(sealed), '').validate({
      token: code,
      timestamp: now,
      window: WINDOW,
    });
    return delta !== null && tx.stores.secondFactors.takeStep(userId, Math.floor(now / STEP_MS) + delta);
  }

  async #newRecoveryCodes(tx: Transaction, userId: string): Promise<string[]> {
    const codes = Array.from({ length: RECOVERY_CODES }, newRecoveryCode);
    await tx.stores.secondFactors.replaceRecoveryCodes(userId, codes.map(hashOf));
    return codes;
  }

  async #requirePassword(actor: UserActor, password: string): Promise<void> {
    if (actor.via !== 'page') {
      throw unauthenticated('This is done on the page, signed in with a password.');
    }
    const user = await this.#db.stores.users.find(actor.userId);
    if (!(await this.#passwords.verify(user?.passwordHash ?? null, password))) {
      throw invalid('password', 'is not your password');
    }
  }

  #refuseTooMany(userId: string): void {
    const known = this.#failures.get(userId);
    if (known !== undefined && known.until > Date.now() && known.count >= TRIES) {
      const seconds = Math.ceil((known.until - Date.now()) / 1000);
      throw new AppError(429, 'too_many', `Too many wrong codes. Try again in ${seconds} seconds.`, {
        retryAfterSeconds: seconds,
      });
    }
  }

  #countFailure(userId: string): void {
    const known = this.#failures.get(userId);
    if (known === undefined || known.until <= Date.now()) {
      this.#failures.set(userId, { count: 1, until: Date.now() + TRIES_MS });
    } else {
      known.count++;
    }
  }

  #record(
    tx: Transaction,
    actor: UserActor,
    event: AuditEventName,
    userId: string,
    username: string,
  ): Promise<void> {
    return tx.audit({ ...aboutPerson(userId, username), event, actor: auditActor(actor) });
  }
}

function aboutPerson(id: string, name: string) {
  return { teamId: null, applicationId: null, subject: { kind: 'user', id, name } };
}

function totpOf(secret: string, label: string): TOTP {
  return new TOTP({ issuer: 'Flowyard', label, secret: Secret.fromBase32(secret), period: STEP_MS / 1000 });
}

/** Two groups of five characters: about 49 bits. */
function newRecoveryCode(): string {
  const group = () => Array.from({ length: 5 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
  return `${group()}-${group()}`;
}

/** People type codes with or without the hyphen, and in capitals. */
function hashOf(code: string): string {
  return hashToken(code.toLowerCase().replace(/[^a-z0-9]/g, ''));
}
