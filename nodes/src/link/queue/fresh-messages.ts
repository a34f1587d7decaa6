import { Backlog } from './backlog';
import { NotKeptError } from './disk-fault';
import type { KeptMessages } from './kept-messages';
import type { Entry } from './segment';
import type { Waiter } from './waiters';

/** A message is written to the disk when it was not taken within this time. */
const KEEP_AFTER_MS = 100;
/** After the disk had no room. */
const KEEP_AGAIN_MS = 1000;
const MOST_IN_MEMORY_BYTES = 8 * 1024 * 1024;
const KEEP_AT_ONCE_BYTES = 8 * 1024 * 1024;

export interface Fresh extends Entry {
  /** Who waits for it to be safe; null for who waits for it to be delivered. */
  kept: Waiter | null;
}

interface Options {
  disk: KeptMessages;
  /** Whether somebody takes messages now. */
  isThere: () => boolean;
  /** Up to that number they may have been received. */
  sent: () => number;
  onKept: () => void;
  /** They are neither sent nor kept. */
  onLost: (lost: readonly Fresh[], error: Error) => void;
}

/**
 * Messages that are in memory only, until they are taken or on the disk. What is older than a moment goes to the disk;
 * while messages flow, none is. When the disk has no room, those that somebody may take soon stay here as far as there
 * is room in memory; the others are lost, and that is told.
 */
export class FreshMessages {
  readonly #options: Options;
  readonly #messages = new Backlog<Fresh>();
  #timer: NodeJS.Timeout | undefined;
  #keeping: Promise<void> | null = null;
  #keepingUpTo = 0;
  #isDiskFull = false;
  #isClosed = false;

  constructor(options: Options) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#messages.bytes;
  }

  /** Up to there they are on their way to the disk at this moment; 0 when none is. */
  get keepingUpTo(): number {
    return this.#keepingUpTo;
  }

  push(message: Fresh): void {
    this.#messages.push(message);
  }

  /** The first one with a number above that. */
  after(number: number): Fresh | undefined {
    return this.#messages.after(number);
  }

  takeUpTo(number: number): void {
    for (const { kept } of this.#messages.takeUpTo(number)) {
      kept?.resolve();
    }
  }

  /** Takes out those for which the condition holds. */
  takeIf(condition: (message: Fresh) => boolean): Fresh[] {
    return this.#messages.takeIf(condition);
  }

  /** Keeps what must be kept now, and the rest when it gets older. */
  keepSoon(): void {
    const oldest = this.#messages.after(0);
    if (oldest === undefined || this.#isClosed) {
      return;
    }
    const age = Date.now() - oldest.at;
    const isDue = age >= KEEP_AFTER_MS || age < 0 || this.#messages.bytes > MOST_IN_MEMORY_BYTES;
    if (!this.#options.isThere() || (isDue && !this.#isDiskFull)) {
      this.#startKeeping();
      return;
    }
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#isDiskFull = false;
        this.keepSoon();
      },
      this.#isDiskFull ? KEEP_AGAIN_MS : KEEP_AFTER_MS - age,
    );
  }

  /** Resolves when all are on the disk, as far as that has room. */
  async flush(): Promise<void> {
    await this.#keeping;
    for (let left = Number.POSITIVE_INFINITY; this.#messages.size > 0 && this.#messages.size < left; ) {
      left = this.#messages.size;
      this.#startKeeping();
      await this.#keeping;
    }
  }

  /** Puts all on the disk and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#keeping;
    while (this.#messages.size > 0) {
      await this.#keep();
    }
  }

  #startKeeping(): void {
    this.#keeping ??= this.#keep().finally(() => {
      this.#keeping = null;
      this.keepSoon();
    });
  }

  async #keep(): Promise<void> {
    const entries = this.#messages.first(KEEP_AT_ONCE_BYTES);
    const last = entries.at(-1)?.number ?? 0;
    this.#keepingUpTo = last;
    try {
      await this.#options.disk.append(entries);
    } catch (error) {
      this.#keepingUpTo = 0;
      this.#notKept(last, error);
      return;
    }
    this.#keepingUpTo = 0;
    this.#isDiskFull = false;
    this.takeUpTo(last);
    this.#options.onKept();
  }

  #notKept(last: number, error: unknown): void {
    this.#isDiskFull = true;
    if (!this.#isClosed && this.#options.isThere() && this.#messages.bytes <= MOST_IN_MEMORY_BYTES) {
      return;
    }
    const sent = this.#isClosed ? 0 : this.#options.sent();
    this.#options.onLost(
      this.#messages.takeIf(({ number }) => number <= last && number > sent),
      new NotKeptError(error),
    );
  }
}
