import type { Knex } from 'knex';
import { whereReferenced } from './part-references.ts';

/** How many rows one statement looks at: others wait no longer for it. */
const LOOK_AT = 1000;
/** How many rows one statement deletes. */
const DELETE_AT_ONCE = 100;

/** Where a walk over all parts or chunks goes on; undefined at its end. */
export type Cursor<T> = T | undefined;
export interface PartCursor {
  usedAt: string;
  digest: string;
}

/** Finds and deletes parts that nothing refers to. Every method is one statement that writes: all or nothing. */
export class PartCleanupStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Notes those of the next parts that nothing refers to and that were not put since `before`. */
  async markOrphans(before: string, now: string, after: Cursor<PartCursor>): Promise<Cursor<PartCursor>> {
    const page: PartCursor[] = await this.#knex('blobs')
      .where('used_at', '<', before)
      .where((where) => {
        if (after !== undefined) {
          where
            .where('used_at', '>', after.usedAt)
            .orWhere((tie) => tie.where('used_at', after.usedAt).where('digest', '>', after.digest));
        }
      })
      .orderBy(['used_at', 'digest'])
      .limit(LOOK_AT)
      .select({ usedAt: 'used_at', digest: 'digest' });
    const orphans = this.#knex('blobs as b')
      .whereIn(
        'b.digest',
        page.map(({ digest }) => digest),
      )
      .where('b.used_at', '<', before)
      .whereNotIn('b.digest', this.#knex('orphaned_blobs').select('digest'))
      .select('b.digest', this.#knex.raw('?', [now]));
    // Another control plane may note the same at once; on SQLite, where there is one, the clause is left out.
    await this.#knex(this.#knex.raw('?? (??, ??)', ['orphaned_blobs', 'digest', 'since']))
      .insert(whereReferenced(this.#knex, orphans, 'b.digest', 'not'))
      .onConflict('digest')
      .ignore();
    return page.length < LOOK_AT ? undefined : page.at(-1);
  }

  /** Forgets the notes about parts that something refers to again. */
  async unmark(): Promise<void> {
    await whereReferenced(this.#knex, this.#knex('orphaned_blobs'), 'orphaned_blobs.digest').delete();
  }

  /**
   * Deletes some parts that nothing referred to since `before`, nor does now. One that is being put at this moment
   * stays: its `used_at` is looked at again when the other transaction has ended.
   */
  async deleteOrphans(before: string): Promise<number> {
    const orphans = this.#knex('orphaned_blobs as o')
      .where('o.since', '<', before)
      .orderBy('o.digest')
      .limit(DELETE_AT_ONCE)
      .select('o.digest');
    return this.#knex('blobs')
      .whereIn('digest', whereReferenced(this.#knex, orphans, 'o.digest', 'not'))
      .where('used_at', '<', before)
      .delete();
  }

  /** Deletes those of the next chunks that are in no list and were not put since `before`. */
  async deleteChunks(before: string, after: Cursor<number>): Promise<Cursor<number>> {
    const page: Array<{ id: number }> = await this.#knex('chunks')
      .where('id', '>', after ?? 0)
      .orderBy('id')
      .limit(LOOK_AT)
      .select('id');
    const last = page.at(-1);
    if (last === undefined) {
      return undefined;
    }
    const listed = this.#knex('chunk_list_items as i')
      .select(this.#knex.raw('1'))
      .whereRaw('?? = ??', ['i.chunk_id', 'chunks.id']);
    await this.#knex('chunks')
      .whereBetween('id', [page[0]?.id ?? 0, last.id])
      .where('used_at', '<', before)
      .whereNotExists(listed)
      .delete();
    return last.id;
  }
}
