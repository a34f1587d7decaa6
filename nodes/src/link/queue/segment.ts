import { createHash } from 'node:crypto';

/** A message that waits, as it stands on the disk. */
export interface Entry {
  number: number;
  /** When it was given, in milliseconds since 1970. */
  at: number;
  /** Until when it is worth delivering, in milliseconds since 1970; 0 is for ever. */
  until: number;
  body: Uint8Array;
}

/** Length of the body, digest, number, time, end. */
const HEAD_BYTES = 4 + 8 + 8 + 8 + 8;
const DIGEST_AT = 4;
const NUMBERS_AT = DIGEST_AT + 8;

function digestOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest().subarray(0, 8);
}

export function sizeOf({ body }: Entry): number {
  return HEAD_BYTES + body.length;
}

/** Entries one behind the other; each says how long it is and has a digest. */
export function encodeEntries(entries: readonly Entry[]): Buffer {
  const bytes = Buffer.alloc(entries.reduce((sum, entry) => sum + sizeOf(entry), 0));
  let start = 0;
  for (const entry of entries) {
    const end = start + sizeOf(entry);
    bytes.writeUInt32BE(entry.body.length, start);
    bytes.writeDoubleBE(entry.number, start + NUMBERS_AT);
    bytes.writeDoubleBE(entry.at, start + NUMBERS_AT + 8);
    bytes.writeDoubleBE(entry.until, start + NUMBERS_AT + 16);
    bytes.set(entry.body, start + HEAD_BYTES);
    digestOf(bytes.subarray(start + NUMBERS_AT, end)).copy(bytes, start + DIGEST_AT);
    start = end;
  }
  return bytes;
}

/** The numbers that may be in a file: those between. */
interface Range {
  after: number;
  below: number;
}

/** Bytes that are no whole entry, and the numbers of the entries around them. */
export interface Damage extends Range {
  start: number;
  end: number;
  /** How many entries it was; null when that is not known. */
  entries: number | null;
}

interface Decoded {
  entries: Entry[];
  /** What is damaged between whole entries. */
  damage: Damage[];
  /** Behind this nothing is whole. */
  end: number;
}

/**
 * What flows send may look like entries, and to find out that it is none costs a digest of up to a whole file: in a
 * damaged file no more than this is digested while looking for the next one. Half a second, on a small computer.
 */
const MOST_SEARCHED_BYTES = 64 * 1024 * 1024;

/** The whole entries of a file, also those behind others that are damaged. */
export function decodeEntries(bytes: Buffer, range: Range): Decoded {
  const entries: Entry[] = [];
  const damage: Damage[] = [];
  const search = { left: MOST_SEARCHED_BYTES };
  let { after } = range;
  let start = 0;
  while (start < bytes.length) {
    const entry = entryAt(bytes, start, { ...range, after });
    if (entry !== null) {
      entries.push(entry);
      after = entry.number;
      start += sizeOf(entry);
      continue;
    }
    const next = nextEntry(bytes, start, { ...range, after }, search);
    if (next === null) {
      break;
    }
    damage.push({ start, end: next.start, after, below: next.number, entries: next.skipped });
    start = next.start;
  }
  return { entries, damage, end: start };
}

function entryAt(bytes: Buffer, start: number, { after, below }: Range): Entry | null {
  if (!mayBeEntry(bytes, start, { after, below })) {
    return null;
  }
  const end = start + HEAD_BYTES + bytes.readUInt32BE(start);
  const digest = bytes.subarray(start + DIGEST_AT, start + NUMBERS_AT);
  if (!digestOf(bytes.subarray(start + NUMBERS_AT, end)).equals(digest)) {
    return null;
  }
  return {
    number: bytes.readDoubleBE(start + NUMBERS_AT),
    at: bytes.readDoubleBE(start + NUMBERS_AT + 8),
    until: bytes.readDoubleBE(start + NUMBERS_AT + 16),
    body: bytes.subarray(start + HEAD_BYTES, end),
  };
}

/** Without the digest: that alone rules out nearly everything. */
function mayBeEntry(bytes: Buffer, start: number, { after, below }: Range): boolean {
  if (start + HEAD_BYTES > bytes.length || start + HEAD_BYTES + bytes.readUInt32BE(start) > bytes.length) {
    return false;
  }
  const number = bytes.readDoubleBE(start + NUMBERS_AT);
  return Number.isSafeInteger(number) && number > after && number < below;
}

/**
 * The next whole entry behind a damaged one: mostly it is where that one says that it ends. When there is more to search
 * than is worth it, the rest counts as damaged. Null when nothing behind it is whole.
 */
function nextEntry(
  bytes: Buffer,
  damaged: number,
  range: Range,
  search: { left: number },
): { start: number; number: number; skipped: number | null } | null {
  if (damaged + HEAD_BYTES <= bytes.length) {
    const start = damaged + HEAD_BYTES + bytes.readUInt32BE(damaged);
    const entry = entryAt(bytes, start, range);
    if (entry !== null) {
      return { start, number: entry.number, skipped: 1 };
    }
  }
  for (let start = damaged + 1; start + HEAD_BYTES <= bytes.length; start += 1) {
    if (!mayBeEntry(bytes, start, range)) {
      continue;
    }
    search.left -= bytes.readUInt32BE(start);
    if (search.left < 0) {
      return { start: bytes.length, number: range.below, skipped: null };
    }
    const entry = entryAt(bytes, start, range);
    if (entry !== null) {
      return { start, number: entry.number, skipped: null };
    }
  }
  return null;
}

/** How many messages that were not taken may have been in there, and between which numbers; null when none was. */
export function lossOf(
  { start, end, after, below, entries }: Damage,
  acknowledged: number,
): { messages: number; from: number; to: number } | null {
  const [from, to] = [Math.max(after, acknowledged) + 1, below - 1];
  const most = entries ?? Math.max(1, Math.floor((end - start) / HEAD_BYTES));
  return to < from ? null : { messages: Math.min(most, to - from + 1), from, to };
}
