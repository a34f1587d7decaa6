import { AppError } from '../errors.ts';

const WINDOW_MS = 60_000;
const ATTEMPTS = 10;
const MAX_KEYS = 50_000;
const FAILURES_OF_ADDRESS = 100;

/**
 * Limits failed sign-ins for each pair of address and account. The pair, so that nobody can lock another person
 * out from elsewhere. Besides, one address fails so often in a minute, whatever accounts it tries.
 */
export class SignInLimit {
  readonly #attempts = new Map<string, { count: number; until: number }>();

  /** @throws AppError 429 after too many attempts */
  check(address: string, username: string): void {
    const failures = this.#attempts.get(address);
    if (failures !== undefined && failures.until >= Date.now() && failures.count >= FAILURES_OF_ADDRESS) {
      throw tooMany(failures.until);
    }
    this.#count(`${address} ${username.toLowerCase()}`, ATTEMPTS);
  }

  /** A sign-in from that address did not work. */
  failed(address: string): void {
    this.#count(address, Number.POSITIVE_INFINITY);
  }

  #count(key: string, most: number): void {
    const now = Date.now();
    const known = this.#attempts.get(key);
    if (known === undefined || known.until < now) {
      this.#makeRoom(now);
      this.#attempts.set(key, { count: 1, until: now + WINDOW_MS });
      return;
    }
    known.count++;
    if (known.count > most) {
      throw tooMany(known.until);
    }
  }

  /** A sign-in that worked clears the account's record. */
  forget(address: string, username: string): void {
    this.#attempts.delete(`${address} ${username.toLowerCase()}`);
  }

  #makeRoom(now: number): void {
    if (this.#attempts.size < MAX_KEYS) {
      return;
    }
    for (const [key, attempt] of this.#attempts) {
      if (attempt.until < now) {
        this.#attempts.delete(key);
      }
    }
    if (this.#attempts.size >= MAX_KEYS) {
      this.#attempts.clear();
    }
  }
}

function tooMany(until: number): AppError {
  const seconds = Math.ceil((until - Date.now()) / 1000);
  return new AppError(429, 'too_many', `Too many attempts to sign in. Try again in ${seconds} seconds.`, {
    retryAfterSeconds: seconds,
  });
}
