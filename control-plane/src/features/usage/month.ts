const DAY_MS = 24 * 60 * 60_000;

/** A month of the calendar, in UTC. */
export interface Month {
  name: string;
  fromMs: number;
  toMs: number;
  days: number;
}

export function monthOf(name: string): Month {
  const [year = 0, month = 1] = name.split('-').map(Number);
  const fromMs = Date.UTC(year, month - 1, 1);
  const toMs = Date.UTC(year, month, 1);
  return { name, fromMs, toMs, days: (toMs - fromMs) / DAY_MS };
}

/** Amounts are of two digits, as in an invoice. */
export function money(amount: number): number {
  return Math.round((amount + Number.EPSILON) * 100) / 100;
}
