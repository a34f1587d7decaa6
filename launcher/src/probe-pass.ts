import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export const PROBE_HEADER = 'x-flowyard-probe';

/** What shows a process that it is asked by who started it, and not by somebody who needs a password. */
export function probePass(linkToken: string): string {
  return createHash('sha256').update(`probe ${linkToken}`).digest('hex');
}

/** Whether a request is such a probe. The header is taken away: flows have no business with it. */
export function takeProbePass({ headers }: IncomingMessage, linkToken: string): boolean {
  const given = Buffer.from(String(headers[PROBE_HEADER] ?? ''));
  delete headers[PROBE_HEADER];
  const expected = Buffer.from(probePass(linkToken));
  return given.length === expected.length && timingSafeEqual(given, expected);
}
