import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { SpoolStreamName } from '@flowyard/protocol';
import { encodeLine, mendSegment, readSegment, type SpooledLine } from './segment.ts';

const SEGMENT_BYTES = 64 * 1024;
const NAME = /^(events|metrics)-([0-9a-f]{16})-(\d{15})\.log$/;

interface Segment {
  file: string;
  first: number;
  last: number;
  bytes: number;
}

/**
 * One stream of the spool: files to which lines are added, each named by the first number in it. The newest file is
 * kept when all of it is delivered, since it knows the next number.
 */
export class SpoolStream {
  readonly #folder: string;
  readonly #name: SpoolStreamName;
  readonly #segments: Segment[] = [];
  #epoch: string;
  #last = 0;
  #acked = 0;
  #synced = 0;
  #descriptor: number | null = null;

  constructor(folder: string, name: SpoolStreamName) {
    this.#folder = folder;
    this.#name = name;
    this.#epoch = randomBytes(8).toString('hex');
    this.#open();
  }

  /** Names these numbers: they begin anew with another epoch when the files are gone. */
  get epoch(): string {
    return this.#epoch;
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** How many entries wait to be delivered. */
  get waiting(): number {
    return this.#segments.reduce(
      (sum, { first, last }) => sum + Math.max(0, last - Math.max(first, this.#acked + 1) + 1),
      0,
    );
  }

  /** Bytes of the files in which something waits. */
  get waitingBytes(): number {
    return this.#segments.reduce((sum, { last, bytes }) => (last > this.#acked ? sum + bytes : sum), 0);
  }

  /** Adds an entry. One that cannot be written is lost, and its number with it: so that is known. */
  append(line: Omit<SpooledLine, 'seq'>): void {
    this.#last += 1;
    const content = encodeLine({ seq: this.#last, ...line });
    let segment: Segment | undefined;
    try {
      segment = this.#writable();
      writeSync(this.#descriptor ?? -1, content);
      segment.bytes += content.length;
      segment.last = this.#last;
    } catch {
      this.#cutBack(segment);
    }
  }

  /** Makes what was added survive a power cut. */
  async sync(): Promise<void> {
    const last = this.#last;
    const file = this.#segments.at(-1)?.file;
    if (last === this.#synced || file === undefined) {
      return;
    }
    const handle = await open(file, 'r+');
    try {
      await handle.datasync();
    } finally {
      await handle.close();
    }
    this.#synced = Math.max(this.#synced, last);
  }

  /** The next entries behind a number, of those that survive a power cut: a number must never be given twice. */
  read(after: number, most: { entries: number; bytes: number }): SpooledLine[] {
    const found: SpooledLine[] = [];
    let bytes = 0;
    for (const { file, last } of this.#segments) {
      if (last <= after || !existsSync(file)) {
        continue;
      }
      for (const line of readLines(file)) {
        const size = JSON.stringify(line).length;
        if (line.seq > this.#synced || found.length === most.entries) {
          return found;
        }
        if (line.seq > after) {
          if (found.length > 0 && bytes + size > most.bytes) {
            return found;
          }
          found.push(line);
          bytes += size;
        }
      }
    }
    return found;
  }

  get acknowledged(): number {
    return this.#acked;
  }

  /** Forgets what was delivered. A number beyond the own ones means that the folder is of an older day. */
  acknowledge(seq: number): void {
    this.#acked = Math.max(this.#acked, seq);
    this.#last = Math.max(this.#last, seq);
    while (this.#segments.length > 1 && (this.#segments[0]?.last ?? 0) <= this.#acked) {
      this.#removeOldest();
    }
  }

  /** Gives up the oldest file. @returns false when there is only one, which is young. */
  dropOldest(): boolean {
    if (this.#segments.length < 2) {
      return false;
    }
    this.#removeOldest();
    return true;
  }

  close(): void {
    if (this.#descriptor !== null) {
      closeSync(this.#descriptor);
      this.#descriptor = null;
    }
  }

  #open(): void {
    for (const name of this.#files()) {
      const [, , epoch = '', first = ''] = NAME.exec(name) ?? [];
      const file = path.join(this.#folder, name);
      const segment = openSegment(file, Number(first));
      this.#epoch = epoch;
      this.#segments.push(segment);
      this.#last = Math.max(this.#last, segment.last);
    }
    // What is read here outlived the process; whether it would a power cut is made sure of before it is sent.
    this.#acked = Math.max(0, (this.#segments[0]?.first ?? 1) - 1);
  }

  /** Oldest first. None while the folder cannot be had: what is told of a device must not keep it from running. */
  #files(): string[] {
    try {
      return readdirSync(this.#folder)
        .filter((file) => NAME.exec(file)?.[1] === this.#name)
        .sort((a, b) => a.slice(-20).localeCompare(b.slice(-20)));
    } catch {
      return [];
    }
  }

  /** The file to add to, open: a new one when the newest is large enough. */
  #writable(): Segment {
    const newest = this.#segments.at(-1);
    if (newest !== undefined && newest.bytes < SEGMENT_BYTES && existsSync(newest.file)) {
      this.#descriptor ??= openSync(newest.file, 'a', 0o600);
      return newest;
    }
    if (this.#descriptor !== null) {
      fdatasyncSync(this.#descriptor);
    }
    this.close();
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const name = `${this.#name}-${this.#epoch}-${String(this.#last).padStart(15, '0')}.log`;
    const segment = {
      file: path.join(this.#folder, name),
      first: this.#last,
      last: this.#last - 1,
      bytes: 0,
    };
    this.#descriptor = openSync(segment.file, 'a', 0o600);
    this.#segments.push(segment);
    return segment;
  }

  /** A full disk takes a part of a line. */
  #cutBack(segment: Segment | undefined): void {
    try {
      if (segment !== undefined && this.#descriptor !== null) {
        ftruncateSync(this.#descriptor, segment.bytes);
      }
    } catch {
      // The next start cuts it off.
    }
  }

  #removeOldest(): void {
    const oldest = this.#segments.shift();
    if (oldest !== undefined) {
      rmSync(oldest.file, { force: true, recursive: true });
    }
  }
}

/** What a file holds. One that cannot be read has taken as many numbers as may be in it, and takes no more lines. */
function openSegment(file: string, first: number): Segment {
  const mended = mendSegment(file);
  return mended === null
    ? { file, first, last: first + SEGMENT_BYTES, bytes: SEGMENT_BYTES }
    : { file, first, last: mended.lines.at(-1)?.seq ?? first - 1, bytes: mended.end };
}

/** None of a file that cannot be read: its numbers are missing then, and the later ones arrive. */
function readLines(file: string): SpooledLine[] {
  try {
    return readSegment(file).lines;
  } catch {
    return [];
  }
}
