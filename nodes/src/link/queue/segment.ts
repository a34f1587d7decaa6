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

/** The whole entries at the beginning, and where they end: what follows is what a power cut left. */
export function decodeEntries(bytes: Buffer): { entries: Entry[]; end: number } {
  const entries: Entry[] = [];
  let start = 0;
  while (start + HEAD_BYTES <= bytes.length) {
    const end = start + HEAD_BYTES + bytes.readUInt32BE(start);
    const digest = bytes.subarray(start + DIGEST_AT, start + NUMBERS_AT);
    if (end > bytes.length || !digestOf(bytes.subarray(start + NUMBERS_AT, end)).equals(digest)) {
      break;
    }
    entries.push({
      number: bytes.readDoubleBE(start + NUMBERS_AT),
      at: bytes.readDoubleBE(start + NUMBERS_AT + 8),
      until: bytes.readDoubleBE(start + NUMBERS_AT + 16),
      body: bytes.subarray(start + HEAD_BYTES, end),
    });
    start = end;
  }
  return { entries, end: start };
}
