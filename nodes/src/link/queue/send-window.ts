import { Flight } from './flight';
import type { Entry } from './segment';

/** The receiver may have been killed between reading and answering. */
const NO_ANSWER_MS = 30_000;
const WINDOW_BYTES = 4 * 1024 * 1024;
/** What leaves in one frame. */
const TOGETHER_MESSAGES = 200;
const TOGETHER_BYTES = 128 * 1024;

interface Options {
  /** Messages on their way at the same time. */
  messages: number;
  /** `after` is what was sent before the first of them and is not taken yet; 0 when nothing was. */
  send: (after: number, entries: readonly Entry[]) => void;
  /** Nothing was taken for a while. */
  onSilence: () => void;
}

/** What was sent and is not taken yet, and what leaves with it in one frame. */
export class SendWindow {
  readonly #options: Options;
  readonly #flight = new Flight();
  #together: Entry[] = [];
  #togetherBytes = 0;
  #after = 0;
  #silence: NodeJS.Timeout | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#flight.size === 0;
  }

  get hasRoom(): boolean {
    return this.#flight.size < this.#options.messages && this.#flight.bytes < WINDOW_BYTES;
  }

  has(number: number): boolean {
    return this.#flight.has(number);
  }

  /** Sends it soon: with the next ones, or with `flush`. */
  put(entry: Entry): void {
    if (this.#together.length === 0) {
      this.#after = this.#flight.last;
    }
    this.#flight.add(entry.number, entry.body.length);
    this.#together.push(entry);
    this.#togetherBytes += entry.body.length;
    if (this.#together.length >= TOGETHER_MESSAGES || this.#togetherBytes >= TOGETHER_BYTES) {
      this.flush();
    }
  }

  /** Sends what was put. */
  flush(): void {
    if (this.#together.length > 0) {
      const entries = this.#together;
      this.#together = [];
      this.#togetherBytes = 0;
      this.#options.send(this.#after, entries);
      this.#listen();
    }
  }

  /** @returns how many that were on their way are not any more */
  takeUpTo(number: number): number {
    const taken = this.#flight.takeUpTo(number);
    this.#listen();
    return taken;
  }

  clear(): void {
    clearTimeout(this.#silence);
    this.#flight.clear();
    this.#together = [];
    this.#togetherBytes = 0;
  }

  #listen(): void {
    clearTimeout(this.#silence);
    if (!this.isEmpty) {
      this.#silence = setTimeout(this.#options.onSilence, NO_ANSWER_MS).unref();
    }
  }
}
