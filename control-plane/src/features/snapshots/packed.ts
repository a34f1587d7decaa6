import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gunzipSync, gzip } from 'node:zlib';

const compress = promisify(gzip);
const decompress = promisify(gunzip);
const FASTEST = 1;

/** The name of bytes: what they are. */
export function digestOf(bytes: Buffer): string {
  return `sha256-${createHash('sha256').update(bytes).digest('hex')}`;
}

export function pack(bytes: Buffer): Promise<Buffer> {
  return compress(bytes, { level: FASTEST });
}

/** For small bytes, with which another thread would take longer. @returns null when they cannot be unpacked */
export function unpackSmall(stored: Buffer): Buffer | null {
  try {
    return gunzipSync(stored);
  } catch {
    return null;
  }
}

/** The bytes as they were packed; null when they cannot be unpacked or are not what their name says. */
export async function unpackIntact(stored: Buffer, digest: string): Promise<Buffer | null> {
  const bytes = await decompress(stored).catch(() => null);
  return bytes !== null && digestOf(bytes) === digest ? bytes : null;
}
