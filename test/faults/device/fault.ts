import type { Site } from './site.ts';

/** What is looked at after each fault, on the device and as the control plane was told. */
export interface Facts {
  /** What the route of the flows answers; null while nothing does. */
  flows: string | null;
  state: string;
  snapshot: string | null;
  givenUp: string | null;
  /** Whether the file that the user's flows wrote is as it was. */
  userData: 'kept' | 'lost';
  /** The most Node-RED processes that were seen on the folder at once. */
  runtimes: number;
  /** For how long the flows did not answer, in seconds. */
  gap: number;
  /** Why the device is not as it should be. */
  reason: string | null;
  /** What only this fault looks at. */
  [more: string]: unknown;
}

type Expectation = string | number | boolean | null | RegExp | { atMost: number } | { atLeast: number };

/** Facts by name, with what each should be. */
export type Expected = Readonly<Record<string, Expectation>>;

/** One row of the table: what goes wrong, and what should be true in the end. */
export interface Fault {
  name: string;
  /** Few seconds long, and so also a part of `npm test`. */
  quick?: true;
  /** A small disk of its own, of so many megabytes. */
  diskMb?: number;
  /** Why it cannot be tried on this machine; null when it can. */
  impossible?: () => string | null;
  expected: Expected;
  /** Node-RED is there and answers "one" before. Resolves with facts of its own. */
  run: (site: Site) => Promise<Record<string, unknown>>;
}

/** What is true of every device after every fault, unless the fault says otherwise. */
export const ALWAYS: Expected = { userData: 'kept', runtimes: 1 };

export function fits(expectation: Expectation, seen: unknown): boolean {
  if (expectation instanceof RegExp) {
    return typeof seen === 'string' && expectation.test(seen);
  }
  if (typeof expectation === 'object' && expectation !== null) {
    if (typeof seen !== 'number') {
      return false;
    }
    return 'atMost' in expectation ? seen <= expectation.atMost : seen >= expectation.atLeast;
  }
  return expectation === seen;
}

export function show(expectation: Expectation): string {
  if (expectation instanceof RegExp) {
    return String(expectation);
  }
  if (typeof expectation === 'object' && expectation !== null) {
    return 'atMost' in expectation ? `≤ ${expectation.atMost}` : `≥ ${expectation.atLeast}`;
  }
  return String(expectation);
}
