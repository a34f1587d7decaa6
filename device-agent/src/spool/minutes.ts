import type { RuntimeMetrics } from '@flowyard/launcher';
import type { SpooledMinute } from '@flowyard/protocol';
import type { Spool } from './spool.ts';

const MINUTE_MS = 60_000;

interface Sum extends SpooledMinute {
  at: number;
  up: number;
  count: number;
}

/** Gathers what Node-RED uses and does, and writes it into the spool by the minute. */
export class Minutes {
  readonly #spool: Pick<Spool, 'append' | 'uptime'>;
  readonly #now: () => number;
  #sum: Sum | null = null;

  constructor(spool: Pick<Spool, 'append' | 'uptime'>, now: () => number = Date.now) {
    this.#spool = spool;
    this.#now = now;
  }

  add(metrics: RuntimeMetrics): void {
    const at = Math.floor(this.#now() / MINUTE_MS) * MINUTE_MS;
    if (this.#sum?.at !== at) {
      this.flush();
    }
    const sum = this.#sum ?? this.#begin(at);
    this.#sum = sum;
    sum.count += 1;
    sum.cpuPercent += metrics.cpuPercent;
    sum.memoryBytes = Math.max(sum.memoryBytes, metrics.memoryBytes);
    sum.eventLoopDelayMs = Math.max(sum.eventLoopDelayMs, metrics.eventLoopDelayMs);
    sum.messages += metrics.messages;
    sum.requests += metrics.requests;
  }

  /** Writes the minute under way. */
  flush(): void {
    const sum = this.#sum;
    this.#sum = null;
    if (sum !== null) {
      const { at, up, count, cpuPercent, ...rest } = sum;
      const minute: SpooledMinute = { ...rest, cpuPercent: Math.round((cpuPercent / count) * 10) / 10 };
      this.#spool.append('metrics', { ...minute }, { at: new Date(at).toISOString(), up });
    }
  }

  #begin(at: number): Sum {
    const up = this.#spool.uptime - (this.#now() - at) / 1000;
    return { at, up, count: 0, cpuPercent: 0, memoryBytes: 0, eventLoopDelayMs: 0, messages: 0, requests: 0 };
  }
}
