/** The message was not delivered in the time it was worth delivering in. */
export class ExpiredError extends Error {
  override name = 'ExpiredError';
}

export interface Waiter {
  resolve: () => void;
  reject: (error: Error) => void;
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Who waits for messages to be taken, by growing numbers. */
export class Waiters {
  readonly #waiters = new Map<number, Waiter & { timer: NodeJS.Timeout | undefined }>();

  /** `until` in milliseconds since 1970; 0 waits for ever. */
  add(number: number, until: number, waiter: Waiter): void {
    const expire = () =>
      this.reject(number, new ExpiredError('Nobody took the message in the time that it was to wait.'));
    const timer =
      until === 0
        ? undefined
        : setTimeout(expire, Math.min(Math.max(0, until - Date.now()), LONGEST_TIMER_MS)).unref();
    this.#waiters.set(number, { ...waiter, timer });
  }

  resolveUpTo(number: number): void {
    for (const [waited, { timer, resolve }] of this.#waiters) {
      if (waited > number) {
        return;
      }
      clearTimeout(timer);
      this.#waiters.delete(waited);
      resolve();
    }
  }

  reject(number: number, error: Error): void {
    const waiter = this.#waiters.get(number);
    clearTimeout(waiter?.timer);
    this.#waiters.delete(number);
    waiter?.reject(error);
  }

  /** @returns the numbers of those that waited */
  rejectAll(error: Error): number[] {
    const numbers = [...this.#waiters.keys()];
    for (const number of numbers) {
      this.reject(number, error);
    }
    return numbers;
  }
}
