import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { LinkAddress } from '@flowyard/protocol';
import { Budget } from './queue/budget';
import { DiskQueue } from './queue/disk-queue';
import { Outbox, type Outgoing } from './queue/outbox';
import { StreamFile } from './queue/stream-file';

/** What may wait in all streams together. */
const MOST_BYTES = 512 * 1024 * 1024;
/** Each has a folder of its own. */
const MOST_ADDRESSES = 10_000;

interface Options {
  folder: string;
  mostBytes?: number;
  send: (outgoing: Outgoing) => void;
  onChange: () => void;
  /** For the log of Node-RED. */
  warn: (text: string) => void;
}

function keyOf({ place, name, link }: LinkAddress): string {
  return JSON.stringify([place, name, link]);
}

/** The streams of one Node-RED, one for each address. */
export class Outboxes {
  readonly #options: Options;
  readonly #budget: Budget;
  readonly #byAddress = new Map<string, Outbox>();
  readonly #byStream = new Map<string, Outbox>();
  #isConnected = false;

  /** Opens those in which something waits since an earlier process; what is empty is forgotten. */
  constructor(options: Options) {
    this.#options = options;
    this.#budget = new Budget(options.mostBytes ?? MOST_BYTES);
    for (const name of existsSync(options.folder) ? readdirSync(options.folder) : []) {
      this.#openKept(path.join(options.folder, name));
    }
  }

  /** Messages that wait for all addresses. */
  get waiting(): number {
    return [...this.#byAddress.values()].reduce((sum, outbox) => sum + outbox.waiting, 0);
  }

  /** Messages to all addresses that waited and were damaged on the disk. */
  get lost(): number {
    return [...this.#byAddress.values()].reduce((sum, outbox) => sum + outbox.lost, 0);
  }

  to(address: LinkAddress): Outbox {
    return this.#byAddress.get(keyOf(address)) ?? this.#open(address);
  }

  /** Undefined for an address to which nothing was sent. */
  find(address: LinkAddress): Outbox | undefined {
    return this.#byAddress.get(keyOf(address));
  }

  ofStream(stream: string): Outbox | undefined {
    const known = this.#byStream.get(stream);
    if (known !== undefined && known.stream === stream) {
      return known;
    }
    return [...this.#byAddress.values()].find((outbox) => outbox.stream === stream);
  }

  connected(): void {
    this.#isConnected = true;
    for (const outbox of this.#byAddress.values()) {
      outbox.connected();
    }
  }

  disconnected(): void {
    this.#isConnected = false;
    for (const outbox of this.#byAddress.values()) {
      outbox.disconnected();
    }
  }

  /** Resolves when all that waits is on the disk. */
  async flush(): Promise<void> {
    await Promise.all([...this.#byAddress.values()].map((outbox) => outbox.flush()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byAddress.values()].map((outbox) => outbox.close()));
  }

  #openKept(folder: string): void {
    if (!DiskQueue.isIn(folder)) {
      if (!DiskQueue.hasDamaged(folder)) {
        rmSync(folder, { recursive: true, force: true });
      }
      return;
    }
    const known = StreamFile.read(folder);
    if (known === null) {
      // Not deleted: it is found again when a message goes to the address that the folder is named for.
      this.#options.warn(
        `Messages that wait in ${folder} are not sent: its stream.json is damaged, so it is not known where they go. They leave with the next message to the same address.`,
      );
      return;
    }
    this.#open(known.address);
  }

  #open(address: LinkAddress): Outbox {
    if (this.#byAddress.size >= MOST_ADDRESSES) {
      throw new Error(`Messages to more than ${MOST_ADDRESSES} addresses cannot be kept.`);
    }
    const folder = path.join(
      this.#options.folder,
      createHash('sha256').update(keyOf(address)).digest('hex').slice(0, 24),
    );
    const isOneByOne = address.place === 'any-of' || address.place === 'device-group';
    const outbox = new Outbox({
      folder,
      address,
      budget: this.#budget,
      ...(isOneByOne && { window: 1 }),
      send: this.#options.send,
      onChange: this.#options.onChange,
      warn: this.#options.warn,
    });
    this.#byAddress.set(keyOf(address), outbox);
    this.#byStream.set(outbox.stream, outbox);
    if (this.#isConnected) {
      outbox.connected();
    }
    return outbox;
  }
}
