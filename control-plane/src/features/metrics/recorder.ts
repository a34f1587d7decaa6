import type { Logger } from 'pino';
import type { Database } from '../../db/database.ts';
import type { InstanceMetrics } from '../../drivers/driver.ts';
import { type Minute, MinuteSum, minuteOf } from './minute.ts';

const LOOK_MS = 5000;

interface Parts {
  db: Database;
  logger: Logger;
  /** Told of every full minute after it was stored. */
  onMinutes: (minutes: Array<Minute & { instanceId: string }>) => Promise<void>;
  now?: () => number;
}

/** Gathers what instances measure and stores it by the minute; at most the minute under way is lost with the process. */
export class MetricsRecorder {
  readonly #parts: Parts;
  readonly #now: () => number;
  readonly #current = new Map<string, MinuteSum>();
  #full: Array<Minute & { instanceId: string }> = [];
  #timer: NodeJS.Timeout | undefined;
  #storing: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), LOOK_MS);
  }

  /** Stores what there is, the minute under way among it: it goes on with the next process. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    for (const [instanceId, sum] of this.#current) {
      this.#full.push({ ...sum.minute, instanceId });
    }
    this.#current.clear();
    await this.flush();
  }

  add(metrics: InstanceMetrics): void {
    const at = minuteOf(this.#now());
    const known = this.#current.get(metrics.instanceId);
    if (known?.at === at) {
      known.add(metrics);
      return;
    }
    if (known !== undefined) {
      this.#full.push({ ...known.minute, instanceId: metrics.instanceId });
    }
    const sum = new MinuteSum(at);
    sum.add(metrics);
    this.#current.set(metrics.instanceId, sum);
  }

  /** The minute under way. */
  currentOf(instanceId: string): Minute | null {
    return this.#current.get(instanceId)?.minute ?? null;
  }

  /** Stores full minutes. */
  flush(): Promise<void> {
    this.#storing = this.#storing.then(() => this.#store());
    return this.#storing;
  }

  async #store(): Promise<void> {
    this.#closeOld();
    const minutes = this.#full.splice(0);
    if (minutes.length === 0) {
      return;
    }
    try {
      await this.#parts.db.stores.metrics.insert(
        minutes.map(({ instanceId, ...minute }) => ({ ...minute, ownerId: instanceId })),
      );
      await this.#parts.onMinutes(minutes);
    } catch (error) {
      this.#parts.logger.warn({ err: error }, 'metrics were not stored');
    }
  }

  /** Of instances that stopped, nothing ends the minute but the clock. */
  #closeOld(): void {
    const at = minuteOf(this.#now());
    for (const [instanceId, sum] of this.#current) {
      if (sum.at !== at) {
        this.#full.push({ ...sum.minute, instanceId });
        this.#current.delete(instanceId);
      }
    }
  }
}
