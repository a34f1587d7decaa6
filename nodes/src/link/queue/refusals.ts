/** Since when an address is refused, without having been anything else meanwhile. Times in milliseconds since 1970. */
export interface Refusals {
  since: number;
  last: number;
  /** How long it has been refused, as far as that counts. */
  countedMs: number;
}

/** Nobody can be waiting for what was kept for it. */
const GIVEN_UP_AFTER_MS = 30 * 24 * 60 * 60_000;

/**
 * The time between two refusals counts for no more than this. A clock that jumps by years, once or with every start,
 * deletes nothing: it takes at least 720 tries, a month of them on a machine that is always on, where the next one comes
 * within a minute. One that is off most of the time waits longer, never shorter.
 */
const MOST_BETWEEN_MS = 60 * 60_000;

/** Null is for an address that was not refused before. */
export function refusedAgain(before: Refusals | null, now: number): Refusals {
  if (before === null) {
    return { since: now, last: now, countedMs: 0 };
  }
  const passed = Math.min(Math.max(0, now - before.last), MOST_BETWEEN_MS);
  return { since: before.since, last: now, countedMs: before.countedMs + passed };
}

export function isGivenUp({ countedMs }: Refusals): boolean {
  return countedMs >= GIVEN_UP_AFTER_MS;
}
