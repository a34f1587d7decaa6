import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { LinkRuntime } from '@flowyard/protocol';
import { diskFault } from './queue/disk-fault';

const WRITE_AFTER_MS = 200;
/** After the disk had no room. */
const WRITE_AGAIN_MS = 5000;
/** A sender that was not heard of for so long begins a new stream when it comes back. */
const FORGET_AFTER_MS = 90 * 24 * 60 * 60_000;

interface Known {
  taken: number;
  /** In milliseconds since 1970. */
  at: number;
}

/** What to do with a message that arrives. */
export type Arrival = 'new' | 'known' | 'gap';

/** Remembers of each stream how far it was taken, also in the next process. */
export class Inbox {
  readonly #file: string;
  readonly #streams: Map<string, Known>;
  readonly #warn: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;

  constructor(folder: string, warn: (text: string) => void) {
    this.#warn = warn;
    this.#file = path.join(folder, 'taken.json');
    this.#streams = new Map(Object.entries(this.#read()));
  }

  /** Whether it is the next one of its stream. A message that is new counts as taken from now on. */
  arrive(
    from: LinkRuntime,
    { stream, number, after }: { stream: string; number: number; after: number },
  ): Arrival {
    const taken = this.taken(from, stream);
    if (number <= taken) {
      return 'known';
    }
    if (after > taken) {
      return 'gap';
    }
    this.#streams.set(keyOf(from, stream), { taken: number, at: Date.now() });
    this.#timer ??= setTimeout(() => this.flush(), WRITE_AFTER_MS);
    return 'new';
  }

  /** The highest number that was taken; 0 for a stream that is new. */
  taken(from: LinkRuntime, stream: string): number {
    return this.#streams.get(keyOf(from, stream))?.taken ?? 0;
  }

  /** Writes what is not on the disk yet. */
  flush(): void {
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#write();
    }
  }

  #write(): void {
    const oldest = Date.now() - FORGET_AFTER_MS;
    for (const [key, { at }] of this.#streams) {
      if (at < oldest) {
        this.#streams.delete(key);
      }
    }
    const next = `${this.#file}.new`;
    try {
      mkdirSync(path.dirname(next), { recursive: true, mode: 0o700 });
      writeFileSync(next, JSON.stringify(Object.fromEntries(this.#streams)), { mode: 0o600 });
      renameSync(next, this.#file);
      this.#isFailing = false;
    } catch (error) {
      rmSync(next, { force: true });
      this.#timer = setTimeout(() => this.flush(), WRITE_AGAIN_MS).unref();
      this.#tellOnce(error);
    }
  }

  #tellOnce(error: unknown): void {
    if (!this.#isFailing) {
      this.#isFailing = true;
      this.#warn(
        `Messages that arrive now may arrive once more after a restart: that they came cannot be written. ${diskFault(error)}`,
      );
    }
  }

  #read(): Record<string, Known> {
    try {
      return JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, Known>;
    } catch {
      return {};
    }
  }
}

function keyOf({ kind, id }: LinkRuntime, stream: string): string {
  return `${kind}/${id}/${stream}`;
}
