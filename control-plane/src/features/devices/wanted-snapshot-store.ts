import type { Knex } from 'knex';

/** A snapshot of a device that is to be taken as soon as it can be. */
export interface WantedSnapshot {
  deviceId: string;
  name: string;
  wantedAt: string;
  notBefore: string;
}

const COLUMNS = {
  deviceId: 'device_id',
  name: 'name',
  wantedAt: 'wanted_at',
  notBefore: 'not_before',
};

export class WantedSnapshotStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** One for each device: the newest reason counts. */
  async put(deviceId: string, name: string, now: Date): Promise<void> {
    const at = now.toISOString();
    await this.#knex('wanted_device_snapshots')
      .insert({ device_id: deviceId, name, wanted_at: at, not_before: at })
      .onConflict('device_id')
      .merge();
  }

  /** In the order of devices, those behind one: whoever is away for long must not stand before those that are there. */
  due(now: Date, { after, most }: { after: string; most: number }): Promise<WantedSnapshot[]> {
    return this.#knex('wanted_device_snapshots')
      .where('not_before', '<=', now.toISOString())
      .where('device_id', '>', after)
      .orderBy('device_id')
      .limit(most)
      .select<WantedSnapshot[]>(COLUMNS);
  }

  /** Keeps others from asking for it until then. @returns whether nobody else does already */
  async claim({ deviceId, notBefore }: WantedSnapshot, until: Date): Promise<boolean> {
    const claimed = await this.#knex('wanted_device_snapshots')
      .where({ device_id: deviceId, not_before: notBefore })
      .update({ not_before: until.toISOString() });
    return claimed === 1;
  }

  /** It was taken; one that was wanted anew meanwhile is left. */
  async taken({ deviceId, wantedAt }: WantedSnapshot): Promise<void> {
    await this.#knex('wanted_device_snapshots').where({ device_id: deviceId, wanted_at: wantedAt }).delete();
  }
}
