import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gunzipSync, gzip } from 'node:zlib';

const compress = promisify(gzip);
const decompress = promisify(gunzip);
const FASTEST = 1;
/** What is smaller is unpacked at once: another thread would take longer. */
const SMALL = 16 * 1024;

/** The name of bytes: what they are. */
export function digestOf(bytes: Buffer): string {
  return `sha256-${createHash('sha256').update(bytes).digest('hex')}`;
}

export function pack(bytes: Buffer): Promise<Buffer> {
  return compress(bytes, { level: FASTEST });
}

/** @returns null when they cannot be unpacked */
export function unpackSmall(stored: Buffer): Buffer | null {
  try {
    return gunzipSync(stored);
  } catch {
    return null;
  }
}

/** The bytes as they were packed; null when they cannot be unpacked or are not what their name says. */
export async function unpackIntact(stored: Buffer, digest: string): Promise<Buffer | null> {
  const bytes = stored.length < SMALL ? unpackSmall(stored) : await decompress(stored).catch(() => null);
  return bytes !== null && digestOf(bytes) === digest ? bytes : null;
}
