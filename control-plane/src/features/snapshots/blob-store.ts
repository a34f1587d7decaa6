import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Knex } from 'knex';

const compress = promisify(gzip);
const decompress = promisify(gunzip);
const FASTEST = 1;

/** The name of a blob: what its bytes are. */
export function digestOf(bytes: Buffer): string {
  return `sha256-${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A part that is missing from the database, or is not what its name says. */
export class LostPart extends Error {
  override name = 'LostPart';
}

/** Parts of snapshots and flows, each kept once, under the digest of its bytes. */
export class BlobStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Keeps the bytes, unless they are there already; what is there damaged is mended with them. */
  async put(bytes: Buffer): Promise<string> {
    const digest = digestOf(bytes);
    const known: { bytes: Buffer } | undefined = await this.#knex('blobs').where({ digest }).first('bytes');
    if (known === undefined) {
      await this.#knex('blobs')
        .insert({
          digest,
          bytes: await compress(bytes, { level: FASTEST }),
          size: bytes.length,
          created_at: new Date().toISOString(),
        })
        .onConflict('digest')
        .ignore();
    } else if ((await readIntact(known.bytes, digest)) === null) {
      await this.#knex('blobs')
        .where({ digest })
        .update({ bytes: await compress(bytes, { level: FASTEST }), size: bytes.length });
    }
    return digest;
  }

  /** @throws LostPart when the blob is missing or its bytes are not what its name says */
  async get(digest: string): Promise<Buffer> {
    const row: { bytes: Buffer } | undefined = await this.#knex('blobs').where({ digest }).first('bytes');
    if (row === undefined) {
      throw new LostPart(`The part ${digest} is missing from the database.`);
    }
    const bytes = await readIntact(row.bytes, digest);
    if (bytes === null) {
      throw new LostPart(`The part ${digest} is damaged in the database.`);
    }
    return bytes;
  }
}

/** The bytes of a blob; null when they cannot be unpacked or are not what its name says. */
async function readIntact(stored: Buffer, digest: string): Promise<Buffer | null> {
  const bytes = await decompress(stored).catch(() => null);
  return bytes !== null && digestOf(bytes) === digest ? bytes : null;
}
