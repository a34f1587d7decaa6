import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';
import { AppError } from '../errors.ts';

/** The package's own default algorithm is argon2id. */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
const MAX_WAITING = 100;

/**
 * Hashes and verifies passwords with argon2id (parameters: OWASP's password storage cheat sheet). The work runs
 * on other threads; a bounded queue keeps a rush of sign-ins from taking all of them from everybody else.
 */
export class Passwords {
  readonly #concurrency = Math.max(1, availableParallelism() - 1);
  #running = 0;
  readonly #waiting: Array<() => void> = [];
  #decoy: Promise<string> | undefined;

  hash(password: string): Promise<string> {
    return this.#queued(() => hash(password, OPTIONS));
  }

  /** Takes as long for people who are not there as for those who are. */
  async verify(passwordHash: string | null, password: string): Promise<boolean> {
    this.#decoy ??= this.hash('the password of nobody');
    const known = passwordHash ?? (await this.#decoy);
    const fits = await this.#queued(() => verify(known, password));
    return fits && passwordHash !== null;
  }

  async #queued<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) {
      if (this.#waiting.length >= MAX_WAITING) {
        throw new AppError(
          429,
          'too_many',
          'Too many people are signing in at this moment. Try again in a few seconds.',
        );
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) {
        next();
      } else {
        this.#running--;
      }
    }
  }
}
