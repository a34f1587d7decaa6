const SMALLEST = 4 * 1024;
const LARGEST = 64 * 1024;
/** A cut falls where these bits of the rolling hash are zero: on average every 8 kB beyond the smallest size. */
const CUT_MASK = 0xfff8_0000;
const GEAR = makeGear();

/** A fixed number for every byte. With others the same bytes would be cut elsewhere, and be kept a second time. */
function makeGear(): Uint32Array {
  const gear = new Uint32Array(256);
  let state = 0x9e37_79b9;
  for (let byte = 0; byte < gear.length; byte++) {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    gear[byte] = state >>> 0;
  }
  return gear;
}

/**
 * Cuts bytes where their content says so, not at fixed places: after an edit the cuts before and behind it are the same
 * as before, so that nearly all chunks are. The chunks in their order are the bytes.
 */
export function cutChunks(bytes: Buffer): Buffer[] {
  const chunks: Buffer[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = endOfChunk(bytes, start);
    chunks.push(bytes.subarray(start, end));
    start = end;
  }
  return chunks;
}

function endOfChunk(bytes: Buffer, start: number): number {
  const end = Math.min(start + LARGEST, bytes.length);
  let hash = 0;
  // The last 32 bytes alone decide, since each shift drops one bit of what came before.
  for (let at = start + SMALLEST; at < end; at++) {
    hash = ((hash << 1) + (GEAR[bytes[at] as number] as number)) | 0;
    if ((hash & CUT_MASK) === 0) {
      return at + 1;
    }
  }
  return end;
}
