import type { LinkAddress } from '@flowyard/protocol';
import type { Budget } from './budget';
import { NotKeptError } from './disk-fault';
import type { Loss } from './disk-queue';
import { type Fresh, FreshMessages } from './fresh-messages';
import { KeptMessages } from './kept-messages';
import type { Entry } from './segment';
import { Sending } from './sending';
import { tellGivenUp, tellLoss } from './told';
import { ExpiredError, Waiters } from './waiters';

const WINDOW_MESSAGES = 2000;

/** When a message counts as done: safe on the disk or taken, or only when the other flow has taken it. */
export type Confirmation = 'kept' | 'delivered';

/** The address means nothing, or must not be sent to. */
export class RefusedError extends Error {
  override name = 'RefusedError';
}

/** Messages that leave together: each follows the one before it. */
export interface Outgoing {
  to: LinkAddress;
  stream: string;
  /** What was sent before the first of them and is not taken yet; 0 when nothing was. */
  after: number;
  entries: readonly Entry[];
}

interface Options {
  folder: string;
  address: LinkAddress;
  budget: Budget;
  /** Messages on their way at the same time; one where their order cannot be told by numbers. */
  window?: number;
  send: (outgoing: Outgoing) => void;
  onChange: () => void;
  /** For the log of Node-RED. */
  warn: (text: string) => void;
}

/**
 * The messages to one address, in their order, from being given to being taken.
 *
 *     fresh (in memory) ── taken ──▶ gone
 *          │ not taken soon, or nobody is there
 *          ▼
 *     on the disk ──────── taken ──▶ gone
 *
 * While nobody is there new messages go to the disk at once.
 */
export class Outbox {
  readonly address: LinkAddress;
  readonly #options: Options;
  readonly #disk: KeptMessages;
  readonly #fresh: FreshMessages;
  readonly #waiters = new Waiters();
  readonly #sending: Sending;
  /** Told to have failed, or too old: what of these is on the disk is passed over. */
  readonly #unwanted = new Set<number>();
  #last: number;
  #waiting = 0;
  #lost = 0;
  #isClosed = false;
  #problem: string | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.address = options.address;
    this.#disk = new KeptMessages(options.folder, options.address, (loss) => this.#wasLost(loss));
    this.#fresh = new FreshMessages({
      disk: this.#disk,
      isThere: () => this.#sending.isThere,
      sent: () => this.#sending.sent,
      onKept: () => this.#kept(),
      onLost: (lost, error) => this.#giveUp(lost, error),
    });
    this.#sending = new Sending({
      disk: this.#disk,
      fresh: this.#fresh,
      messages: options.window ?? WINDOW_MESSAGES,
      send: (after, entries) => options.send({ to: this.address, stream: this.#disk.stream, after, entries }),
      last: () => this.#last,
      isWanted: ({ number, until }) => !this.#unwanted.has(number) && (until === 0 || until >= Date.now()),
      onPassed: (number) => this.#pass(number),
      onDone: (number) => this.#forgetUpTo(number),
      onUnreadable: ({ message }) => {
        this.#problem = `What waits cannot be read: ${message}`;
      },
    });
    this.#last = this.#disk.lastGiven;
    this.#waiting = this.#disk.left;
    this.#tellUse();
  }

  /** Messages that were given and not taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Messages that waited and were damaged on the disk, since Node-RED was started. */
  get lost(): number {
    return this.#lost;
  }

  /** Why nothing can be sent there, for people; null when nothing stands against it. */
  get problem(): string | null {
    return this.#problem;
  }

  get stream(): string {
    return this.#disk.stream;
  }

  /**
   * Takes a message. Resolves when it is kept, or delivered.
   * @throws QueueFullError, ExpiredError, RefusedError, NotKeptError
   */
  async give(body: Uint8Array, options: { confirm: Confirmation; until: number }): Promise<void> {
    if (this.#isClosed) {
      throw new Error('The flows are being stopped.');
    }
    if (this.#problem !== null && this.#sending.isResting) {
      throw new RefusedError(this.#problem);
    }
    this.#options.budget.check(body.length);
    this.#reserve(this.#last + 1);
    this.#last += 1;
    const entry: Fresh = { number: this.#last, at: Date.now(), until: options.until, body, kept: null };
    const done = new Promise<void>((resolve, reject) => {
      if (options.confirm === 'kept') {
        entry.kept = { resolve, reject };
      } else {
        this.#waiters.add(entry.number, entry.until, { resolve, reject });
      }
    });
    this.#fresh.push(entry);
    this.#waiting += 1;
    this.#tellUse();
    this.#sending.pumpSoon();
    this.#fresh.keepSoon();
    this.#options.onChange();
    return done;
  }

  connected(): void {
    this.#sending.connected();
  }

  disconnected(): void {
    this.#sending.disconnected();
    this.#fresh.keepSoon();
  }

  /** The receiver has all up to that number. */
  taken(number: number): void {
    if (number > this.#last) {
      // A backup of this folder was restored: what is given now must not look like what was given before.
      this.#disk.renew();
      this.#sending.goBack();
    } else {
      this.#problem = null;
      this.#disk.notRefused();
      this.#forgetUpTo(number);
    }
    this.#sending.pump();
    this.#options.onChange();
  }

  /** That message was put back: `taken` is the number up to which the receiver has all, where it was asked. */
  notTaken(number: number, reason: 'away' | 'gap' | 'busy', taken: number | null): void {
    this.#disk.notRefused();
    if (taken !== null && taken > this.#disk.acknowledged) {
      this.taken(taken);
    }
    if (!this.#sending.isOnItsWay(number)) {
      return;
    }
    if (reason === 'gap') {
      this.#sending.again();
      return;
    }
    this.#sending.rest(reason);
    this.#fresh.keepSoon();
    this.#options.onChange();
  }

  /**
   * The address means nothing, or must not be sent to. What counts as kept waits on; the rest fails, and is not sent
   * any more. While something waits, nothing more is taken until it has been tried again. What is only for a time, as
   * with a team that is suspended, never counts towards giving up.
   */
  refused(message: string, { isForATime = false } = {}): void {
    this.#problem = message;
    this.#sending.goBack();
    const error = new RefusedError(message);
    this.#giveUp(
      this.#fresh.takeIf(() => true),
      error,
    );
    for (const number of this.#waiters.rejectAll(error)) {
      this.#pass(number);
    }
    if (this.#disk.last > this.#disk.acknowledged) {
      this.#waitOrLetGo(message, isForATime);
    } else {
      this.#disk.notRefused();
    }
    this.#options.onChange();
  }

  /** Somebody is there now, or may be. */
  there(): void {
    this.#sending.there();
  }

  /** Resolves when what is in memory is on the disk, as far as that has room. */
  async flush(): Promise<void> {
    await this.#fresh.flush();
  }

  /** Puts everything on the disk and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sending.close();
    await this.#fresh.close();
    await this.#disk.close();
    this.#waiters.rejectAll(
      new Error(
        'The flows were stopped before the message was delivered. It is kept and will be sent later.',
      ),
    );
    this.#options.budget.set(this, 0);
  }

  #forgetUpTo(number: number): void {
    if (number <= this.#disk.acknowledged) {
      return;
    }
    const { taken, upTo } = this.#sending.takeUpTo(number);
    this.#waiting = Math.max(0, this.#waiting - taken);
    this.#fresh.takeUpTo(upTo);
    this.#waiters.resolveUpTo(upTo);
    for (const unwanted of this.#unwanted) {
      if (unwanted <= upTo) {
        this.#unwanted.delete(unwanted);
      }
    }
    void this.#disk.acknowledge(upTo).then(() => this.#tellUse());
    this.#tellUse();
  }

  /** @throws NotKeptError */
  #reserve(number: number): void {
    try {
      this.#disk.reserve(number);
    } catch (error) {
      throw new NotKeptError(error);
    }
  }

  /** It is not worth delivering any more. */
  #pass(number: number): void {
    if (this.#unwanted.has(number)) {
      return;
    }
    this.#unwanted.add(number);
    this.#waiting = Math.max(0, this.#waiting - 1);
    for (const { kept } of this.#fresh.takeIf((entry) => entry.number === number)) {
      kept?.reject(new ExpiredError('The message waited for longer than it was to.'));
    }
  }

  /** What was in memory is on the disk. */
  #kept(): void {
    // Some of it may have been taken meanwhile.
    void this.#disk.acknowledge(this.#disk.acknowledged).then(() => this.#tellUse());
    this.#tellUse();
    this.#sending.pump();
  }

  #giveUp(lost: readonly Fresh[], error: Error): void {
    this.#waiting = Math.max(0, this.#waiting - lost.length);
    for (const { number, kept } of lost) {
      if (number <= this.#fresh.keepingUpTo) {
        this.#unwanted.add(number);
      }
      kept?.reject(error);
      this.#waiters.reject(number, error);
    }
    this.#tellUse();
    this.#options.onChange();
  }

  /** What is kept for an address that is refused waits on, for a while. */
  #waitOrLetGo(reason: string, isForATime: boolean): void {
    const since = isForATime ? null : this.#disk.refused(Date.now());
    if (since === null) {
      this.#sending.rest('refused');
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = 0;
    this.#forgetUpTo(this.#last);
    this.#disk.notRefused();
    this.#options.warn(tellGivenUp(this.address, waiting, since, reason));
  }

  #wasLost(loss: Loss): void {
    this.#lost += loss.messages;
    this.#waiting = Math.max(0, this.#waiting - loss.messages);
    this.#options.warn(tellLoss(this.address, loss));
    this.#options.onChange();
  }

  #tellUse(): void {
    this.#options.budget.set(this, this.#disk.bytes + this.#fresh.bytes);
  }
}
