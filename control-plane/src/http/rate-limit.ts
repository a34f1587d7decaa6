import { AppError } from '../errors.ts';

const MAX_KEYS = 50_000;

interface Options {
  times: number;
  perMs: number;
  /** What there are too many of, for the message. */
  what: string;
}

/** Lets each key (an address, a person) do something so often within a time. */
export class RateLimit {
  readonly #options: Options;
  readonly #used = new Map<string, { count: number; until: number }>();

  constructor(options: Options) {
    this.#options = options;
  }

  /** @throws AppError 429 when it was done too often */
  take(key: string): void {
    const { times, perMs, what } = this.#options;
    const now = Date.now();
    const known = this.#used.get(key);
    if (known === undefined || known.until < now) {
      this.#makeRoom(now);
      this.#used.set(key, { count: 1, until: now + perMs });
      return;
    }
    known.count++;
    if (known.count > times) {
      const seconds = Math.ceil((known.until - now) / 1000);
      throw new AppError(429, 'too_many', `Too many ${what}. Try again in ${seconds} seconds.`, {
        retryAfterSeconds: seconds,
      });
    }
  }

  /** Forgets what a key did. */
  forget(key: string): void {
    this.#used.delete(key);
  }

  #makeRoom(now: number): void {
    if (this.#used.size < MAX_KEYS) {
      return;
    }
    for (const [key, { until }] of this.#used) {
      if (until < now) {
        this.#used.delete(key);
      }
    }
    // The oldest go first, so that a flood of new keys does not free the ones that are counted longest.
    for (const key of this.#used.keys()) {
      if (this.#used.size < MAX_KEYS) {
        return;
      }
      this.#used.delete(key);
    }
  }
}
