import { setTimeout as delay } from 'node:timers/promises';
import { digestOf, HttpError, requestBytes } from '../http-client.ts';

interface BlobSource {
  url: string;
  token: string;
  signal: AbortSignal;
}

const BLOB_TIMEOUT_MS = 5 * 60_000;
const ATTEMPTS = 3;

/** Gets a part of the target from the control plane. */
export async function fetchBlob(digest: string, { url, token, signal }: BlobSource): Promise<Buffer> {
  for (let attempt = 1; ; attempt += 1) {
    const bytes = await requestBytes(`${url}/api/v1/agent/blobs/${digest}`, {
      token,
      signal,
      timeoutMs: BLOB_TIMEOUT_MS,
    });
    if (digestOf(bytes) === digest) {
      return bytes;
    }
    if (attempt === ATTEMPTS) {
      throw new HttpError(502, null, 'a part arrived damaged three times');
    }
    await delay(500, undefined, { signal });
  }
}
