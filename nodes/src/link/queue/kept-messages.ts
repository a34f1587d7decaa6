import type { LinkAddress } from '@flowyard/protocol';
import { DiskQueue, type Loss } from './disk-queue';
import { isGivenUp, type Refusals, refusedAgain } from './refusals';
import type { Entry } from './segment';
import { StreamFile } from './stream-file';

const READ_AT_ONCE = { entries: 2000, bytes: 4 * 1024 * 1024 };
/** How old the number of what was taken may be on the disk. */
const REMEMBER_MS = 5000;
/** How old the last refusal may be on the disk: it comes every minute. */
const REMEMBER_REFUSALS_MS = 15 * 60_000;

/** The messages of one stream that are on the disk, and what must be known of the stream in the next process. */
export class KeptMessages {
  readonly #queue: DiskQueue;
  readonly #file: StreamFile;
  #acknowledged: number;
  #refusals: Refusals | null;
  /** Work on the disk is done one after the other: a file must not be read while it is cut. */
  #work: Promise<unknown> = Promise.resolve();
  #rememberTimer: NodeJS.Timeout | undefined;

  constructor(folder: string, address: LinkAddress, onLoss: (loss: Loss) => void) {
    this.#file = StreamFile.open(folder, address);
    this.#queue = new DiskQueue(folder, { acknowledged: this.#file.acknowledged, onLoss });
    this.#refusals = this.#file.refusals;
    this.#acknowledged = Math.max(this.#file.acknowledged, this.#queue.first - 1, 0);
  }

  get stream(): string {
    return this.#file.stream;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  /** Messages that an earlier process left and nobody took. */
  get left(): number {
    return this.#queue.left;
  }

  /** The number of the last one; 0 when there is none. */
  get last(): number {
    return this.#queue.last;
  }

  /** All up to that number were taken. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Up to that number all may have been given. */
  get lastGiven(): number {
    return Math.max(this.#file.firstFree, this.#queue.last);
  }

  /** Makes sure that this number is never given again. @throws Error when the disk is full */
  reserve(number: number): void {
    this.#file.reserve(number);
  }

  /** Begins a stream anew: the other end remembers more of this one than it can know. */
  renew(): void {
    this.#file.renew();
  }

  /** When this resolves they survive a power cut; when it rejects none was added. */
  append(entries: readonly Entry[]): Promise<void> {
    return this.#inTurn(async () => {
      this.#file.save();
      await this.#queue.append(entries);
    });
  }

  /** The next ones behind that number. */
  read(after: number): Promise<Entry[]> {
    return this.#inTurn(() => this.#queue.read(after, READ_AT_ONCE));
  }

  /** Forgets all up to that number, also those that are being added. */
  async acknowledge(number: number): Promise<void> {
    this.#refusals = this.#file.refusals;
    this.#acknowledged = Math.max(this.#acknowledged, number);
    if (this.#queue.last > 0) {
      this.#rememberTimer ??= setTimeout(() => this.#remember(), REMEMBER_MS).unref();
      await this.#inTurn(() => this.#queue.acknowledge(this.#acknowledged));
    }
  }

  /** The address was refused. @returns since when that is so, once it is not worth waiting any longer; else null */
  refused(now: number): Date | null {
    this.#refusals = refusedAgain(this.#refusals, now);
    if (isGivenUp(this.#refusals)) {
      return new Date(this.#refusals.since);
    }
    if (now - (this.#file.refusals?.last ?? 0) >= REMEMBER_REFUSALS_MS) {
      this.#remember();
    }
    return null;
  }

  /** The address means something. */
  notRefused(): void {
    if (this.#refusals !== null) {
      this.#refusals = null;
      this.#remember();
    }
  }

  async close(): Promise<void> {
    await this.#work;
    this.#remember();
    await this.#queue.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#work.then(work);
    this.#work = done.catch(() => undefined);
    return done;
  }

  #remember(): void {
    clearTimeout(this.#rememberTimer);
    this.#rememberTimer = undefined;
    if (this.#acknowledged <= this.#file.acknowledged && this.#refusals?.last === this.#file.refusals?.last) {
      return;
    }
    try {
      this.#file.note(Math.max(this.#acknowledged, this.#file.acknowledged), this.#refusals);
    } catch {
      // A full disk: what was taken is sent once more by the next process, and known by its number.
    }
  }
}
