/** Reports that come within this time are looked at together when somebody may be told because of them. */
const SOON_MS = 50;
/** And when nobody is told before all have reported. */
const LATER_MS = 250;
/** What is later than this is left to the looks that come by themselves. */
const LONGEST_WAIT_MS = 24 * 3600_000;

/** What a deployment waits for. */
export interface Awaited {
  /** Those that were told, and have not said how it went. */
  told: readonly string[];
  /** Those that must go on running well. */
  watched: readonly string[];
  /** Whether the next ones may be told before all of these are through. */
  tellsMeanwhile: boolean;
  /** When time alone takes it further, in milliseconds since 1970; null when it does not. */
  until: number | null;
}

interface Waiting {
  /** Of those that were told nothing was heard of these since the last look. */
  silent: Set<string>;
  all: Set<string>;
  gatherMs: number;
  timer: NodeJS.Timeout | undefined;
  /** Runs until its time has come. */
  clock: NodeJS.Timeout | undefined;
}

/**
 * Has deployments looked at when their time has come, and when their targets report: at once when it is the last one of
 * those that were told, else once for all that report within a moment.
 */
export class ReportWatch {
  readonly #look: (deploymentId: string) => void;
  readonly #waiting = new Map<string, Waiting>();

  constructor(look: (deploymentId: string) => void) {
    this.#look = look;
  }

  /** Waits for these from now on, and for no others. */
  waitFor(deploymentId: string, { told, watched, tellsMeanwhile, until }: Awaited): void {
    const before = this.#waiting.get(deploymentId);
    clearTimeout(before?.clock);
    this.#waiting.set(deploymentId, {
      silent: new Set(told),
      all: new Set([...told, ...watched]),
      gatherMs: tellsMeanwhile ? SOON_MS : LATER_MS,
      timer: before?.timer,
      clock: this.#lookAt(deploymentId, until),
    });
  }

  /** A time that is over already has led to what it leads to. */
  #lookAt(deploymentId: string, time: number | null): NodeJS.Timeout | undefined {
    const leftMs = (time ?? 0) - Date.now();
    return leftMs > 0 && leftMs <= LONGEST_WAIT_MS
      ? setTimeout(() => this.#look(deploymentId), leftMs)
      : undefined;
  }

  heard(targetId: string): void {
    for (const [id, waiting] of this.#waiting) {
      if (!waiting.all.has(targetId)) {
        continue;
      }
      if (waiting.silent.delete(targetId) && waiting.silent.size === 0) {
        this.#due(id, waiting);
      } else {
        waiting.timer ??= setTimeout(() => this.#due(id, this.#waiting.get(id) ?? waiting), waiting.gatherMs);
      }
    }
  }

  #due(id: string, waiting: Waiting): void {
    clearTimeout(waiting.timer);
    waiting.timer = undefined;
    this.#look(id);
  }

  forget(deploymentId: string): void {
    const waiting = this.#waiting.get(deploymentId);
    clearTimeout(waiting?.timer);
    clearTimeout(waiting?.clock);
    this.#waiting.delete(deploymentId);
  }

  stop(): void {
    for (const id of [...this.#waiting.keys()]) {
      this.forget(id);
    }
  }
}
