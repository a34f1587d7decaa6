import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { LinkAddress } from '@flowyard/protocol';
import type { Refusals } from './refusals';

/** So many numbers are set aside at once that a full disk does not stop messages that somebody takes for days. */
const SET_ASIDE = 100_000_000;

interface Content {
  address: LinkAddress;
  stream: string;
  /** No number up to here is given again. */
  reserved: number;
  /** All up to here was taken; what the file says may be a little less than is true. */
  acknowledged: number;
  /** Only while the address is refused. */
  refusals?: Refusals | undefined;
}

function newStream(): string {
  return randomBytes(12).toString('hex');
}

/**
 * What must be known of a stream in the next process: its name and which numbers were given. A number that is given
 * twice would be taken for a message that arrived before, and that message would be lost.
 *
 * On a full disk a stream may begin without a file: no later process knows its name, so none gives its numbers again.
 * Before anything of it is kept the file must be there (`save`).
 */
export class StreamFile {
  /** From where on numbers may be given. */
  readonly firstFree: number;
  readonly #folder: string;
  #content: Content;
  #isOnDisk: boolean;

  private constructor(folder: string, content: Content, isOnDisk: boolean) {
    this.#folder = folder;
    this.#content = content;
    this.#isOnDisk = isOnDisk;
    this.firstFree = content.reserved;
  }

  /** The stream of that folder; a new one where there is none. */
  static open(folder: string, address: LinkAddress): StreamFile {
    const known = StreamFile.read(folder);
    const content = { ...(known ?? { stream: newStream(), reserved: 0, acknowledged: 0 }), address };
    const file = new StreamFile(folder, content, known !== null);
    try {
      file.#write({ ...content, reserved: content.reserved + SET_ASIDE });
    } catch {
      // A full disk: what waits can be sent all the same. It is tried again with the first message.
    }
    return file;
  }

  /** Null where there is no stream, or a damaged one. */
  static read(folder: string): Content | null {
    try {
      return JSON.parse(readFileSync(path.join(folder, 'stream.json'), 'utf8')) as Content;
    } catch {
      return null;
    }
  }

  get stream(): string {
    return this.#content.stream;
  }

  get acknowledged(): number {
    return this.#content.acknowledged;
  }

  /** Makes sure that this number is never given again. @throws Error when the disk is full */
  reserve(number: number): void {
    if (number <= this.#content.reserved) {
      return;
    }
    const content = { ...this.#content, reserved: number + SET_ASIDE };
    if (this.#isOnDisk) {
      this.#write(content);
    } else {
      this.#content = content;
    }
  }

  /** Makes sure that the next process knows the stream. @throws Error when the disk is full */
  save(): void {
    if (!this.#isOnDisk) {
      this.#write(this.#content);
    }
  }

  /** Null while the address is not refused. */
  get refusals(): Refusals | null {
    return this.#content.refusals ?? null;
  }

  /** What the next process is to know. @throws Error when the disk is full */
  note(acknowledged: number, refusals: Refusals | null): void {
    this.#write({ ...this.#content, acknowledged, refusals: refusals ?? undefined });
  }

  /** Begins anew: the other end remembers more of this stream than it can know. */
  renew(): void {
    const content = { ...this.#content, stream: newStream() };
    try {
      this.#write(content);
    } catch {
      // A full disk. The next process begins with the old one, and is told the same again.
      this.#content = content;
    }
  }

  /** What counts is what the disk has: when this throws nothing has changed. @throws Error when it is full */
  #write(content: Content): void {
    const file = path.join(this.#folder, 'stream.json');
    const next = `${file}.new`;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const descriptor = openSync(next, 'w', 0o600);
      try {
        writeFileSync(descriptor, JSON.stringify(content));
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(next, file);
    } catch (error) {
      rmSync(next, { force: true });
      throw error;
    }
    this.#content = content;
    this.#isOnDisk = true;
  }
}
