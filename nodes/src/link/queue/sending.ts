import type { FreshMessages } from './fresh-messages';
import type { KeptMessages } from './kept-messages';
import { Pause } from './pause';
import type { Entry } from './segment';
import { SendWindow } from './send-window';

const AWAY_MS = 30_000;
const REFUSED_MS = 60_000;
const FIRST_BUSY_MS = 100;
const LONGEST_BUSY_MS = 5000;

interface Options {
  disk: KeptMessages;
  fresh: FreshMessages;
  /** Messages on their way at the same time. */
  messages: number;
  /** `after` is what was sent before the first of them and is not taken yet; 0 when nothing was. */
  send: (after: number, entries: readonly Entry[]) => void;
  /** The number of the last message that was given. */
  last: () => number;
  /** Whether a message is still to be delivered. */
  isWanted: (entry: Entry) => boolean;
  /** It is not sent, since it is not wanted. */
  onPassed: (number: number) => void;
  /** Up to that number none is on its way, and none is to be sent. */
  onDone: (number: number) => void;
  onUnreadable: (error: Error) => void;
}

/**
 * Sends the messages of a stream in their order: first those on the disk, since they are older. It rests while nobody
 * is there; after that, everything that was not taken is sent again from the first: the receiver knows by the numbers
 * what it has.
 */
export class Sending {
  readonly #options: Options;
  readonly #window: SendWindow;
  readonly #rest = new Pause(() => this.pump());
  #sent: number;
  #isConnected = false;
  #isClosed = false;
  #isReading = false;
  #busyMs = FIRST_BUSY_MS;
  #pumping: NodeJS.Immediate | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#sent = options.disk.acknowledged;
    this.#window = new SendWindow({
      messages: options.messages,
      send: options.send,
      onSilence: () => this.again(),
    });
  }

  /** Up to that number messages may have been received. */
  get sent(): number {
    return this.#sent;
  }

  get isResting(): boolean {
    return this.#rest.isOn;
  }

  /** Whether somebody takes messages now, as far as is known. */
  get isThere(): boolean {
    return this.#isConnected && !this.#rest.isOn && !this.#isClosed;
  }

  isOnItsWay(number: number): boolean {
    return this.#window.has(number);
  }

  connected(): void {
    this.#isConnected = true;
    this.#rest.over();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.goBack();
  }

  /** Somebody is there now, or may be. */
  there(): void {
    if (this.#rest.isOn) {
      this.#rest.over();
    }
  }

  /** Everything that was not taken is to be sent again, after a while. */
  rest(reason: 'away' | 'busy' | 'refused'): void {
    this.goBack();
    if (reason === 'busy') {
      this.#rest.begin(this.#busyMs);
      this.#busyMs = Math.min(this.#busyMs * 2, LONGEST_BUSY_MS);
    } else {
      this.#rest.begin(reason === 'away' ? AWAY_MS : REFUSED_MS);
    }
  }

  /** Everything that was not taken is to be sent again. */
  goBack(): void {
    this.#window.clear();
    this.#sent = this.#options.disk.acknowledged;
  }

  again(): void {
    this.goBack();
    this.pump();
  }

  /**
   * All up to that number was taken.
   * @returns how many of these were on their way, and up to which number all that was sent is done
   */
  takeUpTo(number: number): { taken: number; upTo: number } {
    this.#busyMs = FIRST_BUSY_MS;
    const taken = this.#window.takeUpTo(number);
    this.#sent = Math.max(this.#sent, number);
    // With nothing on its way, all that was sent was taken, or not worth it any more.
    return { taken, upTo: this.#window.isEmpty ? this.#sent : number };
  }

  /** At once when nothing is on its way; else with what else is given in this moment. */
  pumpSoon(): void {
    if (this.#window.isEmpty) {
      this.pump();
      return;
    }
    this.#pumping ??= setImmediate(() => {
      this.#pumping = undefined;
      this.pump();
    });
  }

  /** Sends what the window has room for. */
  pump(): void {
    const { disk, fresh } = this.#options;
    while (this.#maySend() && disk.last <= this.#sent) {
      const next = fresh.after(this.#sent);
      if (next === undefined) {
        break;
      }
      this.#sendOne(next);
    }
    this.#window.flush();
    if (this.#maySend() && disk.last > this.#sent && !this.#isReading) {
      this.#isReading = true;
      void this.#sendFromDisk()
        .catch((error: Error) => {
          this.#rest.begin(REFUSED_MS);
          this.#options.onUnreadable(error);
        })
        .finally(() => {
          this.#isReading = false;
          this.pump();
        });
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#rest.end();
    clearImmediate(this.#pumping);
    this.#window.clear();
  }

  #maySend(): boolean {
    return this.isThere && this.#window.hasRoom && this.#sent < this.#options.last();
  }

  async #sendFromDisk(): Promise<void> {
    const { disk, onDone } = this.#options;
    const entries = await disk.read(this.#sent);
    if (entries.length === 0) {
      // All that should be there is damaged.
      this.#sent = Math.max(this.#sent, disk.last);
      if (this.#window.isEmpty) {
        onDone(this.#sent);
      }
    }
    for (const entry of entries) {
      if (!this.#maySend()) {
        break;
      }
      if (entry.number > this.#sent) {
        this.#sendOne(entry);
      }
    }
    this.#window.flush();
  }

  #sendOne(entry: Entry): void {
    this.#sent = entry.number;
    if (this.#options.isWanted(entry)) {
      this.#window.put(entry);
      return;
    }
    this.#options.onPassed(entry.number);
    if (this.#window.isEmpty) {
      this.#options.onDone(entry.number);
    }
  }
}
