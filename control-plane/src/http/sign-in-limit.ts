import { AppError } from '../errors.ts';

const WINDOW_MS = 60_000;
const ATTEMPTS = 10;
const MAX_KEYS = 50_000;

/**
 * Limits failed sign-ins for each pair of address and account. The pair, so that nobody can lock another person
 * out from elsewhere.
 */
export class SignInLimit {
  readonly #attempts = new Map<string, { count: number; until: number }>();

  /** @throws AppError 429 after too many attempts */
  check(address: string, username: string): void {
    const key = `${address} ${username.toLowerCase()}`;
    const now = Date.now();
    const known = this.#attempts.get(key);
    if (known === undefined || known.until < now) {
      this.#makeRoom(now);
      this.#attempts.set(key, { count: 1, until: now + WINDOW_MS });
      return;
    }
    known.count++;
    if (known.count > ATTEMPTS) {
      const seconds = Math.ceil((known.until - now) / 1000);
      throw new AppError(429, 'too_many', `Too many attempts to sign in. Try again in ${seconds} seconds.`, {
        retryAfterSeconds: seconds,
      });
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
