import type { Knex } from 'knex';

/** The one row of the table. */
const ID = 'parts';

/** How far a reading of all parts has come. */
export interface CheckProgress {
  /** All up to this digest were read; empty at the beginning. */
  position: string;
  /** When all of them were read the time before; null when never. */
  finishedAt: string | null;
}

/** How far all parts were read, and which of them are lost. */
export class PartCheckStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Takes or renews the right to read all parts. @returns false while another process has it */
  async hold(owner: string, now: string, until: string): Promise<boolean> {
    await this.#knex('part_checks').insert({ id: ID, position: '' }).onConflict('id').ignore();
    const held = await this.#knex('part_checks')
      .where({ id: ID })
      .where((free) =>
        free.whereNull('lease_until').orWhere('lease_until', '<', now).orWhere({ lease_owner: owner }),
      )
      .update({ lease_owner: owner, lease_until: until });
    return held === 1;
  }

  async release(owner: string): Promise<void> {
    await this.#knex('part_checks').where({ lease_owner: owner }).update({ lease_until: null });
  }

  async progress(): Promise<CheckProgress> {
    const row = await this.#knex('part_checks')
      .where({ id: ID })
      .first<CheckProgress | undefined>({ position: 'position', finishedAt: 'finished_at' });
    return row ?? { position: '', finishedAt: null };
  }

  async setProgress({ position, finishedAt }: CheckProgress): Promise<void> {
    await this.#knex('part_checks').where({ id: ID }).update({ position, finished_at: finishedAt });
  }

  /** The digests of the next parts. */
  async next(position: string, limit: number): Promise<string[]> {
    const rows: Array<{ digest: string }> = await this.#knex('blobs')
      .where('digest', '>', position)
      .orderBy('digest')
      .limit(limit)
      .select('digest');
    return rows.map(({ digest }) => digest);
  }

  /** @returns whether it was not known yet */
  async noteLost(digest: string, at: string): Promise<boolean> {
    const known = await this.#knex('lost_parts').where({ digest }).first('digest');
    if (known === undefined) {
      await this.#knex('lost_parts').insert({ digest, found_at: at }).onConflict('digest').ignore();
    }
    return known === undefined;
  }

  /** @returns whether it was known as lost */
  async forgetLost(digest: string): Promise<boolean> {
    return (await this.#knex('lost_parts').where({ digest }).delete()) > 0;
  }

  async lost(): Promise<string[]> {
    const rows: Array<{ digest: string }> = await this.#knex('lost_parts').orderBy('digest').select('digest');
    return rows.map(({ digest }) => digest);
  }
}
