import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { LinkAddress } from '@flowyard/protocol';

/** So many numbers are set aside at once, so that the file is rarely written. */
const SET_ASIDE = 100_000;

interface Content {
  address: LinkAddress;
  stream: string;
  /** No number up to here is given again. */
  reserved: number;
  /** All up to here was taken; what the file says may be a little less than is true. */
  acknowledged: number;
}

function newStream(): string {
  return randomBytes(12).toString('hex');
}

/**
 * What must be known of a stream in the next process: its name and which numbers were given. A number that is given
 * twice would be taken for a message that arrived before, and that message would be lost.
 */
export class StreamFile {
  readonly #file: string;
  #content: Content;

  private constructor(file: string, content: Content) {
    this.#file = file;
    this.#content = content;
  }

  /** The stream of that folder; a new one where there is none. */
  static open(folder: string, address: LinkAddress): StreamFile {
    const known = StreamFile.read(folder);
    const file = new StreamFile(path.join(folder, 'stream.json'), {
      ...(known ?? { stream: newStream(), reserved: 0, acknowledged: 0 }),
      address,
    });
    file.#content.reserved += SET_ASIDE;
    file.#write();
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

  /** From where on numbers may be given. */
  get firstFree(): number {
    return this.#content.reserved - SET_ASIDE;
  }

  /** Makes sure that this number is never given again. @throws Error when the disk is full */
  reserve(number: number): void {
    if (number > this.#content.reserved) {
      this.#content.reserved = number + SET_ASIDE;
      this.#write();
    }
  }

  acknowledge(number: number): void {
    this.#content.acknowledged = number;
    this.#write();
  }

  /** Begins anew: the other end remembers more of this stream than it can know. */
  renew(): void {
    this.#content.stream = newStream();
    this.#write();
  }

  #write(): void {
    const next = `${this.#file}.new`;
    const descriptor = openSync(next, 'w', 0o600);
    try {
      writeSync(descriptor, JSON.stringify(this.#content));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(next, this.#file);
  }
}
