import type { Knex } from 'knex';
import { cutChunks } from './cut-chunks.ts';
import { digestOf, pack, unpackIntact, unpackSmall } from './packed.ts';

/** SQLite puts at most 500 rows into one statement, and PostgreSQL and SQLite take a limited number of values. */
const ROWS_AT_ONCE = 400;
const VALUES_AT_ONCE = 10_000;
const TOUCH_AFTER_MS = 3600_000;

interface Known {
  id: number;
  digest: string;
  bytes: Buffer;
  usedAt: string;
}

/** Before that, `used_at` is renewed when something is put again; to the hour, since each renewal is a write. */
export function staleBefore(now: number): string {
  return new Date(now - TOUCH_AFTER_MS).toISOString();
}

/** The chunks of large parts, each kept once, and for each part the list of its chunks. */
export class ChunkStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Keeps the chunks of a part whose row is there, and mends those that are there damaged. */
  async put(digest: string, bytes: Buffer): Promise<void> {
    const { order, chunks } = namedChunks(bytes);
    const ids = await this.#keep(chunks);
    const list = await this.#listOf(digest);
    await this.#knex('chunk_list_items').where({ list_id: list }).delete();
    const items = order.map((name, position) => ({ list_id: list, position, chunk_id: ids.get(name) }));
    for (const batch of batches(items, ROWS_AT_ONCE)) {
      await this.#knex('chunk_list_items').insert(batch);
    }
  }

  /** The bytes of a part as they are stored; null when one of its chunks cannot be unpacked. */
  async get(digest: string): Promise<Buffer | null> {
    const rows: Array<{ bytes: Buffer }> = await this.#knex('chunk_lists as l')
      .join('chunk_list_items as i', 'i.list_id', 'l.id')
      .join('chunks as c', 'c.id', 'i.chunk_id')
      .where('l.digest', digest)
      .orderBy('i.position')
      .select('c.bytes');
    const chunks = rows.map(({ bytes }) => unpackSmall(bytes));
    return chunks.every((chunk) => chunk !== null) ? Buffer.concat(chunks) : null;
  }

  /** The bytes of one chunk; null when it is not there intact. */
  async find(name: string): Promise<Buffer | null> {
    const row = await this.#knex('chunks').where({ digest: name }).first<{ bytes: Buffer }>('bytes');
    return row === undefined ? null : unpackIntact(row.bytes, name);
  }

  /** The digests of the chunks of a part. */
  async namesOf(digest: string): Promise<string[]> {
    const rows: Array<{ name: string }> = await this.#knex('chunk_lists as l')
      .join('chunk_list_items as i', 'i.list_id', 'l.id')
      .join('chunks as c', 'c.id', 'i.chunk_id')
      .where('l.digest', digest)
      .distinct({ name: 'c.digest' });
    return rows.map(({ name }) => name);
  }

  /** Mends the chunks that are there damaged and that these bytes have. */
  async mendWith(bytes: Buffer): Promise<void> {
    const { chunks } = namedChunks(bytes);
    await this.#mend(await this.#find([...chunks.keys()]), chunks);
  }

  /** @returns their numbers by digest */
  async #keep(chunks: Map<string, Buffer>): Promise<Map<string, number>> {
    const now = Date.now();
    // In the order of their digests, so that two who keep the same chunks never wait for each other.
    const names = [...chunks.keys()].sort();
    const known = await this.#touch(await this.#find(names), now);
    await this.#mend(known, chunks);
    const ids = new Map(known.map(({ digest, id }) => [digest, id]));
    const missing = names.filter((name) => !ids.has(name));
    for (const batch of batches(missing, ROWS_AT_ONCE)) {
      const rows = batch.map(async (digest) => ({
        digest,
        bytes: await pack(chunks.get(digest) as Buffer),
        used_at: new Date(now).toISOString(),
      }));
      await this.#knex('chunks')
        .insert(await Promise.all(rows))
        .onConflict('digest')
        .ignore();
    }
    for (const { digest, id } of await this.#findIds(missing)) {
      ids.set(digest, id);
    }
    return ids;
  }

  async #find(names: string[]): Promise<Known[]> {
    const found: Known[] = [];
    for (const batch of batches(names, VALUES_AT_ONCE)) {
      const columns = { id: 'id', digest: 'digest', bytes: 'bytes', usedAt: 'used_at' };
      found.push(...(await this.#knex('chunks').whereIn('digest', batch).select<Known[]>(columns)));
    }
    return found;
  }

  async #findIds(names: string[]): Promise<Array<Pick<Known, 'id' | 'digest'>>> {
    const found: Array<Pick<Known, 'id' | 'digest'>> = [];
    for (const batch of batches(names, VALUES_AT_ONCE)) {
      found.push(...(await this.#knex('chunks').whereIn('digest', batch).select('id', 'digest')));
    }
    return found;
  }

  /** Protects known chunks from the cleanup. @returns those that are still there */
  async #touch(known: Known[], now: number): Promise<Known[]> {
    const stale = known.filter(({ usedAt }) => usedAt < staleBefore(now));
    const gone = new Set(stale.map(({ id }) => id));
    for (const batch of batches([...gone], VALUES_AT_ONCE)) {
      const locked = this.#knex('chunks').whereIn('id', batch).orderBy('digest').forUpdate().select('id');
      const touched: Array<{ id: number }> = await this.#knex('chunks')
        .whereIn('id', locked)
        .update({ used_at: new Date(now).toISOString() })
        .returning('id');
      for (const { id } of touched) {
        gone.delete(id);
      }
    }
    return known.filter(({ id }) => !gone.has(id));
  }

  async #mend(known: Known[], chunks: Map<string, Buffer>): Promise<void> {
    for (const { id, digest, bytes } of known) {
      const chunk = chunks.get(digest) as Buffer;
      if (unpackSmall(bytes)?.equals(chunk) !== true) {
        await this.#knex('chunks')
          .where({ id })
          .update({ bytes: await pack(chunk) });
      }
    }
  }

  async #listOf(digest: string): Promise<number> {
    await this.#knex('chunk_lists').insert({ digest }).onConflict('digest').ignore();
    // Locked, so that two who keep the same part write its list one after the other.
    const row: { id: number } | undefined = await this.#knex('chunk_lists')
      .where({ digest })
      .forUpdate()
      .first('id');
    if (row === undefined) {
      throw new Error(`The list of the chunks of ${digest} was deleted while it was written.`);
    }
    return row.id;
  }
}

/** Chunks by their digests, and the digests in their order. */
function namedChunks(bytes: Buffer): { order: string[]; chunks: Map<string, Buffer> } {
  const order: string[] = [];
  const chunks = new Map<string, Buffer>();
  for (const chunk of cutChunks(bytes)) {
    const name = digestOf(chunk);
    order.push(name);
    chunks.set(name, chunk);
  }
  return { order, chunks };
}

function* batches<T>(items: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < items.length; start += size) {
    yield items.slice(start, start + size);
  }
}
