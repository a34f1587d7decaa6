/** How long to wait between attempts. */
export interface BackoffPolicy {
  minMs: number;
  maxMs: number;
}

/** For a control plane that cannot be reached. */
export const UNREACHABLE: BackoffPolicy = { minMs: 1000, maxMs: 60_000 };

/** For one that answers but does not want us: asking more often changes nothing. */
export const REFUSED: BackoffPolicy = { minMs: 30_000, maxMs: 300_000 };

/**
 * The delay before the next attempt, after so many failures in a row. Half of it is chance, so that a thousand
 * devices do not come back in the same second.
 */
export function backoffDelay(
  failures: number,
  policy: BackoffPolicy,
  random: () => number = Math.random,
): number {
  const exponent = Math.min(Math.max(failures - 1, 0), 30);
  const ceiling = Math.min(policy.minMs * 2 ** exponent, policy.maxMs);
  return Math.round(ceiling / 2 + (ceiling / 2) * random());
}
