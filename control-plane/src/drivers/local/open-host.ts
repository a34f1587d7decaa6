import type { DriverHost } from '../driver.ts';

/** Asks the control plane until it is closed; whoever closes it learns when the last answer has come. */
export class OpenHost implements DriverHost {
  readonly #host: DriverHost;
  readonly #pending = new Set<Promise<unknown>>();
  #closed = false;

  readonly report: DriverHost['report'];
  readonly reportMetrics: DriverHost['reportMetrics'];
  readonly reportCounts: DriverHost['reportCounts'];
  readonly reportCrash: DriverHost['reportCrash'];
  readonly reportEvent: DriverHost['reportEvent'];

  constructor(host: DriverHost) {
    this.#host = host;
    this.report = (report) => host.report(report);
    this.reportMetrics = (metrics) => host.reportMetrics(metrics);
    this.reportCounts = (counts) => host.reportCounts(counts);
    this.reportCrash = (crash) => host.reportCrash(crash);
    this.reportEvent = (event) => host.reportEvent(event);
  }

  readTarget(instanceId: string): ReturnType<DriverHost['readTarget']> {
    return this.#ask(() => this.#host.readTarget(instanceId));
  }

  readLock(digest: string): ReturnType<DriverHost['readLock']> {
    return this.#ask(() => this.#host.readLock(digest));
  }

  listInstanceIds(): Promise<string[]> {
    return this.#ask(() => this.#host.listInstanceIds());
  }

  listWarmStacks(): ReturnType<DriverHost['listWarmStacks']> {
    return this.#ask(() => this.#host.listWarmStacks());
  }

  saveFolder(instanceId: string, folder: string): Promise<void> {
    return this.#ask(() => this.#host.saveFolder(instanceId, folder));
  }

  saveStarted(instanceId: string, startFacts: string): Promise<void> {
    return this.#ask(() => this.#host.saveStarted(instanceId, startFacts));
  }

  /** Nothing is asked any more. Resolves when nothing is under way: then the database may close. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#pending);
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    if (this.#closed) {
      throw new Error('The control plane is stopping');
    }
    const answer = question();
    this.#pending.add(answer);
    try {
      return await answer;
    } finally {
      this.#pending.delete(answer);
    }
  }
}
