import { setTimeout as wait } from 'node:timers/promises';

interface Limits {
  withinMs?: number;
  everyMs?: number;
}

/** A bound only says when to give up, and a machine that does much at once is some times slower than another. */
export const PATIENCE = 2;

type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>;

/**
 * Resolves with the value of the condition as soon as it is truthy. A condition that throws is asked again; when the
 * time is over its last error is the reason of the failure.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { withinMs = 15_000, everyMs = 20 }: Limits = {},
): Promise<Truthy<T>> {
  const end = Date.now() + withinMs * PATIENCE;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) {
        return value as Truthy<T>;
      }
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() >= end) {
      throw lastError ?? new Error(`not within ${withinMs * PATIENCE} ms: ${condition}`);
    }
    await wait(everyMs);
  }
}
