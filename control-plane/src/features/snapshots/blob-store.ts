import type { Knex } from 'knex';
import { despiteDeadlocks } from '../../db/deadlocks.ts';
import { ChunkStore, staleBefore } from './chunk-store.ts';
import { despiteLostParts, LostPart, type MendPart } from './lost-part.ts';
import { digestOf, pack, unpackIntact } from './packed.ts';

export { digestOf };

/** What is larger is kept in chunks. */
const LARGEST_WHOLE = 32 * 1024;
/** The bytes of a blob that is kept in chunks. Packed bytes are never empty. */
const IN_CHUNKS = Buffer.alloc(0);

/**
 * Parts of snapshots and flows, each kept once, under the digest of its bytes: small ones whole, large ones in chunks.
 * Whoever puts a part refers to it in the same transaction or soon after: what was put lately is not cleaned up. A new
 * place that refers to parts belongs into PART_REFERENCES.
 */
export class BlobStore {
  readonly #knex: Knex;
  readonly #chunks: ChunkStore;
  readonly #mend: MendPart | undefined;

  /** @param mend what is asked before a part counts as lost; not within transactions */
  constructor(knex: Knex, mend?: MendPart) {
    this.#knex = knex;
    this.#chunks = new ChunkStore(knex);
    this.#mend = mend;
  }

  /** Keeps the bytes, unless they are there already; what is there damaged is mended with them. */
  async put(bytes: Buffer): Promise<string> {
    const digest = digestOf(bytes);
    const known = await this.#touch(digest);
    if (known === null) {
      await this.#write(digest, bytes, 'new');
    } else if ((await this.#readIntact(digest, known)) === null) {
      await this.#write(digest, bytes, 'damaged');
    }
    return digest;
  }

  /**
   * @param owner what it is a part of, for the people who are told that it is lost
   * @throws LostPart when the blob is missing or its bytes are not what its name says
   */
  get(digest: string, owner?: string): Promise<Buffer> {
    const mend = this.#mend;
    const read = () => this.#read(digest, owner);
    return mend === undefined ? read() : despiteLostParts(mend, read);
  }

  /** The bytes of a blob; null when it is lost, and then nothing tries to mend it. */
  async peek(digest: string): Promise<Buffer | null> {
    const row: { bytes: Buffer } | undefined = await this.#knex('blobs').where({ digest }).first('bytes');
    return row === undefined ? null : this.#readIntact(digest, row.bytes);
  }

  /**
   * Bytes of the database itself that may mend a lost blob: a chunk that is the same, else small blobs that are the
   * same as a chunk of it.
   */
  async *copiesOf(digest: string): AsyncGenerator<Buffer> {
    const chunk = await this.#chunks.find(digest);
    if (chunk !== null) {
      yield chunk;
    }
    for (const name of await this.#chunks.namesOf(digest)) {
      const copy = await this.#knex('blobs').where({ digest: name }).first<{ bytes: Buffer }>('bytes');
      const bytes = copy === undefined ? null : await unpackIntact(copy.bytes, name);
      if (bytes !== null) {
        yield bytes;
      }
    }
  }

  /** Mends what is there damaged with bytes that have it, and the lost blob if it is that; nothing else is kept. */
  async mendWith(bytes: Buffer, lost: string): Promise<void> {
    const digest = digestOf(bytes);
    const known = await this.#knex('blobs').where({ digest }).first('digest');
    if (digest === lost || known !== undefined) {
      await this.put(bytes);
    }
    await this.#chunks.mendWith(bytes);
  }

  async #read(digest: string, owner: string | undefined): Promise<Buffer> {
    const row: { bytes: Buffer } | undefined = await this.#knex('blobs').where({ digest }).first('bytes');
    if (row === undefined) {
      throw new LostPart(digest, 'missing from', owner);
    }
    const bytes = await this.#readIntact(digest, row.bytes);
    if (bytes === null) {
      throw new LostPart(digest, 'damaged in', owner);
    }
    return bytes;
  }

  /** Protects a blob that is there from the cleanup. @returns its stored bytes, null when it is not there */
  async #touch(digest: string): Promise<Buffer | null> {
    const now = Date.now();
    const known: { bytes: Buffer; usedAt: string | null } | undefined = await this.#knex('blobs')
      .where({ digest })
      .first({ bytes: 'bytes', usedAt: 'used_at' });
    if (known === undefined) {
      return null;
    }
    if (known.usedAt === null || known.usedAt < staleBefore(now)) {
      const used_at = new Date(now).toISOString();
      const touched = await this.#knex('blobs').where({ digest }).update({ used_at });
      await this.#knex('orphaned_blobs').where({ digest }).delete();
      return touched === 0 ? null : known.bytes;
    }
    return known.bytes;
  }

  /** All or nothing, also when it is not called in a transaction. */
  async #write(digest: string, bytes: Buffer, state: 'new' | 'damaged'): Promise<void> {
    if (!this.#knex.isTransaction) {
      await despiteDeadlocks(() =>
        this.#knex.transaction((trx) => new BlobStore(trx).#write(digest, bytes, state)),
      );
      return;
    }
    const isWhole = bytes.length <= LARGEST_WHOLE;
    const now = new Date().toISOString();
    const row = { digest, size: bytes.length, created_at: now, used_at: now };
    const insert = this.#knex('blobs')
      .insert({ ...row, bytes: isWhole ? await pack(bytes) : IN_CHUNKS })
      .onConflict('digest');
    await (state === 'new' ? insert.ignore() : insert.merge(['bytes', 'size', 'used_at']));
    if (!isWhole) {
      await this.#chunks.put(digest, bytes);
    }
  }

  /** The bytes of a blob; null when they cannot be unpacked or are not what its name says. */
  async #readIntact(digest: string, stored: Buffer): Promise<Buffer | null> {
    if (stored.length > 0) {
      return unpackIntact(stored, digest);
    }
    const bytes = await this.#chunks.get(digest);
    return bytes !== null && digestOf(bytes) === digest ? bytes : null;
  }
}
