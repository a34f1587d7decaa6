import { existsSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { isBroken, openSegment, tryCopyAside } from './open-segment';
import { type Damage, decodeEntries, type Entry, encodeEntries, lossOf } from './segment';

const SEGMENT_BYTES = 1024 * 1024;
const NAME = /^(\d{16})\.queue$/;

interface Segment {
  file: string;
  first: number;
  last: number;
  bytes: number;
  entries: number;
}

/** Messages that were damaged on the disk. */
export interface Loss {
  /** At most so many. */
  messages: number;
  /** Their numbers are in between. */
  from: number;
  to: number;
  /** Where the damaged bytes are. */
  files: string[];
}

interface Options {
  /** What the file of the stream says was taken. */
  acknowledged: number;
  onLoss: (loss: Loss) => void;
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
  readonly #onLoss: (loss: Loss) => void;
  #acknowledged: number;
  readonly #segments: Segment[] = [];
  #handle: FileHandle | null = null;
  /** The newest file cannot be trusted: what is added goes to a new one. */
  #isSpoilt = false;
  /** The entries of the file that was read last: the next ones are mostly in it. */
  #read: { file: string; bytes: number; entries: Entry[] } | null = null;

  /** Messages that an earlier process left and nobody took. */
  readonly left: number;

  /** Reads what an earlier process left, and mends what is damaged. */
  constructor(folder: string, { acknowledged, onLoss }: Options) {
    this.#folder = folder;
    this.#acknowledged = acknowledged;
    this.#onLoss = onLoss;
    const losses: Loss[] = [];
    const names = segmentsIn(folder);
    this.left = names.reduce((sum, name, index) => sum + this.#open(name, names[index + 1], losses), 0);
    this.#tell(losses);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
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

  /** Whether damaged bytes are there that somebody may want to look at. */
  static hasDamaged(folder: string): boolean {
    return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.damaged'));
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
    for (const segment of this.#segments.filter(({ last }) => last > after)) {
      const entries = (await this.#entriesOf(segment)).filter(({ number }) => number > after);
      // In the next file when all of the rest was damaged meanwhile.
      if (entries.length > 0) {
        return firstOf(entries, most);
      }
    }
    return [];
  }

  /** Forgets all up to that number. */
  async acknowledge(number: number): Promise<void> {
    this.#acknowledged = Math.max(this.#acknowledged, number);
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

  async #entriesOf(segment: Segment): Promise<Entry[]> {
    const { file, bytes } = segment;
    if (this.#read?.file !== file || this.#read.bytes !== bytes) {
      // What is being added at this moment may be in the file already; it is not in `bytes`.
      const content = (await this.#contentOf(segment)).subarray(0, bytes);
      const range = { after: segment.first - 1, below: segment.last + 1 };
      const { entries, damage, end } = decodeEntries(content, range);
      if (entries.length < segment.entries) {
        const after = entries.at(-1)?.number ?? range.after;
        const rest = { start: end, end: bytes, after, below: range.below, entries: null };
        this.#lost(segment, content, end < bytes ? [...damage, rest] : damage, entries.length);
      }
      this.#read = { file, bytes, entries };
    }
    return this.#read.entries;
  }

  async #contentOf({ file }: Segment): Promise<Buffer> {
    try {
      return await readFile(file);
    } catch (error) {
      if (!isBroken(error)) {
        throw error;
      }
      this.#isSpoilt ||= file === this.#segments.at(-1)?.file;
      return Buffer.alloc(0);
    }
  }

  /** Since the file was opened something in it was damaged. */
  #lost(segment: Segment, content: Buffer, damage: readonly Damage[], left: number): void {
    const missing = segment.entries - left;
    segment.entries = left;
    const losses = this.#lossesOf(damage, null);
    if (losses.length > 0) {
      const aside = content.length > 0 ? tryCopyAside(segment.file, content, damage) : null;
      this.#tell(
        losses.map((loss) => ({ ...loss, files: aside === null ? [] : [aside] })),
        missing,
      );
    }
  }

  /** Those of which something was not taken yet. */
  #lossesOf(damage: readonly Damage[], aside: string | null): Loss[] {
    return damage
      .map((one) => lossOf(one, this.#acknowledged))
      .filter((loss) => loss !== null)
      .map((loss) => ({ ...loss, files: aside === null ? [] : [aside] }));
  }

  #tell(losses: readonly Loss[], most = Number.POSITIVE_INFINITY): void {
    const [first, last] = [losses[0], losses.at(-1)];
    if (first !== undefined && last !== undefined) {
      const messages = losses.reduce((sum, loss) => sum + loss.messages, 0);
      const files = [...new Set(losses.flatMap((loss) => loss.files))];
      this.#onLoss({ messages: Math.min(messages, most), from: first.from, to: last.to, files });
    }
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

  /** @returns how many messages are in it that nobody took */
  #open(name: string, next: string | undefined, losses: Loss[]): number {
    const file = path.join(this.#folder, name);
    const below = next === undefined ? Number.MAX_SAFE_INTEGER : numberOf(next);
    const range = { after: numberOf(name) - 1, below, isLast: next === undefined };
    const { entries, bytes, damage, aside } = openSegment(file, range);
    losses.push(...this.#lossesOf(damage, aside));
    const [first, last] = [entries[0], entries.at(-1)];
    if (first === undefined || last === undefined) {
      return 0;
    }
    if (last.number <= this.#acknowledged) {
      rmSync(file, { force: true });
      return 0;
    }
    this.#segments.push({ file, first: first.number, last: last.number, bytes, entries: entries.length });
    return entries.filter(({ number }) => number > this.#acknowledged).length;
  }
}

function numberOf(name: string): number {
  return Number.parseInt(name, 10);
}

/** As many as that, and at least one. */
function firstOf(entries: readonly Entry[], most: { entries: number; bytes: number }): Entry[] {
  const found: Entry[] = [];
  let bytes = 0;
  for (const entry of entries.slice(0, most.entries)) {
    bytes += entry.body.length;
    if (found.length > 0 && bytes > most.bytes) {
      break;
    }
    found.push(entry);
  }
  return found;
}

/** A new file is lost with a power cut unless its folder is synced, too; where that cannot be done, it need not be. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
