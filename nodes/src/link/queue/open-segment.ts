import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type Damage, decodeEntries, type Entry, encodeEntries } from './segment';

/** What an earlier process left in a file. */
export interface Opened {
  entries: Entry[];
  /** How much of the file counts. */
  bytes: number;
  damage: Damage[];
  /** Where the damaged bytes are now; null when nothing was damaged, or there was no room for them. */
  aside: string | null;
}

/** Whether the place on the disk is broken, so that trying again is of no use. */
export function isBroken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EIO' || code === 'EISDIR';
}

/**
 * Reads a file, and mends it: what a power cut left half written at the end of the last one is cut off, since nobody was
 * told that it is kept. Other damage is put aside for people to look at. A file without entries is gone.
 */
export function openSegment(
  file: string,
  { isLast, ...range }: { after: number; below: number; isLast: boolean },
): Opened {
  const content = tryRead(file);
  if (content === null) {
    const whole = { ...range, start: 0, end: statSync(file).size, entries: null };
    return { entries: [], bytes: 0, damage: [whole], aside: tryPutAside(file, Buffer.alloc(0), [], []) };
  }
  const { entries, damage, end } = decodeEntries(content, range);
  let bytes = content.length;
  if (end < bytes && isLast) {
    truncateSync(file, end);
    bytes = end;
  } else if (end < bytes) {
    const after = entries.at(-1)?.number ?? range.after;
    damage.push({ start: end, end: bytes, after, below: range.below, entries: null });
  }
  if (damage.length > 0) {
    const aside = tryPutAside(file, content, damage, entries);
    return { entries, bytes: aside === null ? bytes : encodeEntries(entries).length, damage, aside };
  }
  if (entries.length === 0) {
    rmSync(file, { force: true });
  }
  return { entries, bytes, damage, aside: null };
}

/** Copies damaged bytes to a file of their own beside a segment. @returns that file; null when there is no room */
export function tryCopyAside(file: string, content: Buffer, damage: readonly Damage[]): string | null {
  try {
    return copyAside(file, content, damage);
  } catch {
    return null;
  }
}

function tryRead(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if (isBroken(error)) {
      return null;
    }
    throw error;
  }
}

function copyAside(file: string, content: Buffer, damage: readonly Damage[]): string {
  const aside = freeNameFor(file);
  try {
    writeSynced(aside, Buffer.concat(damage.map(({ start, end }) => content.subarray(start, end))));
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
  return aside;
}

/** On a full disk the file stays as it is: what is whole in it can be read all the same. */
function tryPutAside(
  file: string,
  content: Buffer,
  damage: readonly Damage[],
  entries: readonly Entry[],
): string | null {
  const mended = `${file}.new`;
  try {
    if (entries.length === 0) {
      const aside = freeNameFor(file);
      renameSync(file, aside);
      return aside;
    }
    writeSynced(mended, encodeEntries(entries));
    const aside = copyAside(file, content, damage);
    renameSync(mended, file);
    return aside;
  } catch {
    rmSync(mended, { force: true });
    return null;
  }
}

function freeNameFor(file: string): string {
  for (let count = 1; ; count += 1) {
    const name = file.replace(/\.queue$/, count === 1 ? '.damaged' : `-${count}.damaged`);
    if (!existsSync(name)) {
      return name;
    }
  }
}

function writeSynced(file: string, bytes: Buffer): void {
  const descriptor = openSync(file, 'w', 0o600);
  try {
    writeFileSync(descriptor, bytes);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
