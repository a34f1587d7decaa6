import type { InstanceMetrics } from '../../drivers/driver.ts';

/** What an instance did and used in one minute. */
export interface Minute {
  /** Its begin. */
  at: string;
  /** On average; one core is 100. */
  cpuPercent: number;
  /** At most. */
  memoryBytes: number;
  /** At most. */
  eventLoopDelayMs: number;
  messages: number;
  requests: number;
}

const MINUTE_MS = 60_000;

export function minuteOf(now: number): string {
  return new Date(Math.floor(now / MINUTE_MS) * MINUTE_MS).toISOString();
}

/** Takes measurements into one minute. */
export class MinuteSum {
  readonly at: string;
  #count = 0;
  #cpu = 0;
  #memory = 0;
  #delay = 0;
  #messages = 0;
  #requests = 0;

  constructor(at: string) {
    this.at = at;
  }

  add({ cpuPercent, memoryBytes, eventLoopDelayMs, messages, requests }: InstanceMetrics): void {
    this.#count += 1;
    this.#cpu += cpuPercent;
    this.#memory = Math.max(this.#memory, memoryBytes);
    this.#delay = Math.max(this.#delay, eventLoopDelayMs);
    this.#messages += messages;
    this.#requests += requests;
  }

  get minute(): Minute {
    return {
      at: this.at,
      cpuPercent: Math.round((this.#cpu / Math.max(1, this.#count)) * 10) / 10,
      memoryBytes: this.#memory,
      eventLoopDelayMs: this.#delay,
      messages: this.#messages,
      requests: this.#requests,
    };
  }
}

/** Several minutes as one point of a chart: averages for what is used, the most for what peaks. */
export function mergeMinutes(minutes: readonly Minute[]): Minute | null {
  const [first] = minutes;
  if (first === undefined) {
    return null;
  }
  const sum = (of: (minute: Minute) => number) => minutes.reduce((total, minute) => total + of(minute), 0);
  const most = (of: (minute: Minute) => number) => Math.max(...minutes.map(of));
  return {
    at: first.at,
    cpuPercent: Math.round((sum(({ cpuPercent }) => cpuPercent) / minutes.length) * 10) / 10,
    memoryBytes: most(({ memoryBytes }) => memoryBytes),
    eventLoopDelayMs: most(({ eventLoopDelayMs }) => eventLoopDelayMs),
    messages: sum(({ messages }) => messages),
    requests: sum(({ requests }) => requests),
  };
}
