import type { LogLine } from '@flowyard/protocol';

export interface LogSource {
  lastLines(count: number): Promise<LogLine[]>;
  /** Calls back with new lines until the returned function is called. */
  watchLines(onLines: (lines: LogLine[]) => void): () => void;
}

const FIRST_LINES = 200;
const MOST_LINES = 1000;
const SEND_EVERY_MS = 250;

/** Sends the log while somebody watches it, in batches, and never more than a person could read. */
export class LogWatch {
  readonly #source: LogSource;
  readonly #send: (lines: LogLine[]) => void;
  #pending: LogLine[] = [];
  #timer: NodeJS.Timeout | null = null;
  #unwatch: (() => void) | null = null;

  constructor(source: LogSource, send: (lines: LogLine[]) => void) {
    this.#source = source;
    this.#send = send;
  }

  set(on: boolean): void {
    this.#unwatch?.();
    this.#unwatch = null;
    if (!on) {
      this.#pending = [];
      return;
    }
    let isWatched = true;
    let unwatch = () => {};
    this.#unwatch = () => {
      isWatched = false;
      unwatch();
    };
    void this.#source.lastLines(FIRST_LINES).then((lines) => {
      if (isWatched) {
        this.#add(lines);
        unwatch = this.#source.watchLines((more) => this.#add(more));
      }
    });
  }

  #add(lines: LogLine[]): void {
    this.#pending.push(...lines);
    const skipped = this.#pending.length - MOST_LINES;
    if (skipped > 0) {
      this.#pending.splice(0, skipped);
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      if (this.#pending.length > 0) {
        this.#send(this.#pending.splice(0));
      }
    }, SEND_EVERY_MS);
  }
}
