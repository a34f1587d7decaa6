import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { decodeEntries, type Entry, encodeEntries } from './segment';

const SEGMENT_BYTES = 1024 * 1024;
const NAME = /^(\d{16})\.queue$/;

interface Segment {
  file: string;
  first: number;
  last: number;
  bytes: number;
  entries: number;
}

function segmentsIn(folder: string): string[] {
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => NAME.test(name))
        .sort()
    : [];
}

/**
 * Messages of one stream that wait on the disk, in files of a megabyte that are only added to. A file is deleted when
 * all in it is acknowledged.
 */
export class DiskQueue {
  readonly #folder: string;
  readonly #segments: Segment[] = [];
  #handle: FileHandle | null = null;
  /** The end of the newest file could not be cut off: what is added goes to a new one. */
  #isSpoilt = false;
  /** The entries of the file that was read last: the next ones are mostly in it. */
  #read: { file: string; bytes: number; entries: Entry[] } | null = null;

  /** Reads what an earlier process left, and cuts off what was half written. */
  constructor(folder: string) {
    this.#folder = folder;
    for (const name of segmentsIn(folder)) {
      this.#open(path.join(folder, name));
    }
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get entries(): number {
    return this.#segments.reduce((sum, { entries }) => sum + entries, 0);
  }

  /** The number of the first entry; 0 when there is none. */
  get first(): number {
    return this.#segments[0]?.first ?? 0;
  }

  /** The number of the last entry; 0 when there is none. */
  get last(): number {
    return this.#segments.at(-1)?.last ?? 0;
  }

  /** Whether messages of an earlier process are in that folder. */
  static isIn(folder: string): boolean {
    return segmentsIn(folder).length > 0;
  }

  /** Adds entries behind the others. When this resolves they survive a power cut; when it rejects none was added. */
  async append(entries: readonly Entry[]): Promise<void> {
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) {
      return;
    }
    const bytes = encodeEntries(entries);
    const newest = this.#segments.at(-1);
    const hasRoom = newest !== undefined && newest.bytes < SEGMENT_BYTES && !this.#isSpoilt;
    const segment = hasRoom ? newest : await this.#begin(first.number);
    try {
      this.#handle ??= await open(segment.file, 'a', 0o600);
      await this.#handle.appendFile(bytes);
      await this.#handle.datasync();
    } catch (error) {
      await this.#cutBack(segment);
      throw error;
    }
    segment.bytes += bytes.length;
    segment.last = last.number;
    segment.entries += entries.length;
  }

  /** The next entries behind a number, in order: at least one where there is one. */
  async read(after: number, most: { entries: number; bytes: number }): Promise<Entry[]> {
    const segment = this.#segments.find(({ last }) => last > after);
    if (segment === undefined) {
      return [];
    }
    const found: Entry[] = [];
    let bytes = 0;
    for (const entry of await this.#entriesOf(segment)) {
      if (entry.number <= after) {
        continue;
      }
      if (found.length > 0 && (found.length >= most.entries || bytes + entry.body.length > most.bytes)) {
        break;
      }
      found.push(entry);
      bytes += entry.body.length;
    }
    return found;
  }

  /** Forgets all up to that number. */
  async acknowledge(number: number): Promise<void> {
    while (this.#segments[0] !== undefined && this.#segments[0].last <= number) {
      const segment = this.#segments.shift();
      if (this.#segments.length === 0) {
        await this.#closeFile();
      }
      this.#read = null;
      // What a failing disk does not let go is sent once more by the next process, and known by its number.
      await rm(segment?.file ?? '', { force: true }).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#read = null;
    await this.#closeFile();
  }

  async #entriesOf({ file, bytes }: Segment): Promise<Entry[]> {
    if (this.#read?.file !== file || this.#read.bytes !== bytes) {
      // What is being added at this moment may be in the file already; it is not in `bytes`.
      const content = (await readFile(file)).subarray(0, bytes);
      this.#read = { file, bytes, entries: decodeEntries(content).entries };
    }
    return this.#read.entries;
  }

  async #begin(first: number): Promise<Segment> {
    await this.#closeFile();
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = path.join(this.#folder, `${String(first).padStart(16, '0')}.queue`);
    this.#handle = await open(file, 'w', 0o600);
    this.#isSpoilt = false;
    const segment = { file, first, last: 0, bytes: 0, entries: 0 };
    this.#segments.push(segment);
    await syncFolder(this.#folder);
    return segment;
  }

  /** Takes back what a full disk left of an addition, so that a later process does not find it after a power cut. */
  async #cutBack(segment: Segment): Promise<void> {
    // Closing may say once more what is wrong.
    await this.#closeFile().catch(() => undefined);
    if (segment.bytes === 0) {
      this.#segments.splice(this.#segments.indexOf(segment), 1);
      await rm(segment.file, { force: true });
      await syncFolder(this.#folder);
      return;
    }
    try {
      const handle = await open(segment.file, 'r+');
      try {
        await handle.truncate(segment.bytes);
        await handle.datasync();
      } finally {
        await handle.close();
      }
    } catch {
      this.#isSpoilt = true;
    }
  }

  async #closeFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  #open(file: string): void {
    const { entries, end } = decodeEntries(readFileSync(file));
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) {
      rmSync(file, { force: true });
      return;
    }
    if (statSync(file).size > end) {
      truncateSync(file, end);
    }
    this.#segments.push({
      file,
      first: first.number,
      last: last.number,
      bytes: end,
      entries: entries.length,
    });
  }
}

/** A new file is lost with a power cut unless its folder is synced, too; where that cannot be done, it need not be. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
