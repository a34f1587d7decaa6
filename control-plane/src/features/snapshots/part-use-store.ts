import type { Knex } from 'knex';
import { PART_REFERENCES, whereReferenced } from './part-references.ts';

const MOST_INSTANCES = 20;
const MOST_DEVICES = 5;

/** What refers to a part, and who may have a copy of it. */
export class PartUseStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Whether anything refers to it. */
  async isUsed(digest: string): Promise<boolean> {
    const found = this.#knex.select(this.#knex.raw('? as digest', [digest])).as('p');
    return (await whereReferenced(this.#knex, this.#knex(found), 'p.digest').first()) !== undefined;
  }

  /** Of some of what it is a part of, for people. */
  async namesOf(digest: string, limit: number): Promise<string[]> {
    const snapshots: Array<{ name: string; owner: string }> = await this.#snapshotsWith(digest)
      .orderBy('s.id', 'desc')
      .limit(limit)
      .select({ name: 's.name', owner: 's.owner_name' });
    const instances: Array<{ name: string }> = await this.#instancesRunning(digest)
      .orderBy('name')
      .limit(limit)
      .select('name');
    const blueprints: Array<{ name: string }> = await this.#knex('blueprints as b')
      .leftJoin('blueprint_versions as v', 'v.blueprint_id', 'b.id')
      .where('v.flows_digest', digest)
      .orWhere('b.picture', digest)
      .distinct('b.name')
      .limit(limit);
    return [
      ...instances.map(({ name }) => `instance ${name}`),
      ...snapshots.map(({ name, owner }) => `snapshot ${name} of ${owner}`),
      ...blueprints.map(({ name }) => `blueprint ${name}`),
    ].slice(0, limit);
  }

  /** Instances that run it, and those with a snapshot that has it. */
  async instancesNear(digest: string): Promise<string[]> {
    const running = this.#instancesRunning(digest).limit(MOST_INSTANCES).select<Array<{ id: string }>>('id');
    const owners = this.#snapshotsWith(digest)
      .whereNotNull('s.instance_id')
      .distinct<Array<{ id: string }>>({ id: 's.instance_id' })
      .limit(MOST_INSTANCES);
    return [...new Set([...(await running), ...(await owners)].map(({ id }) => id))];
  }

  /** Devices that are there and run a snapshot that has it, or of which such a snapshot is. */
  async devicesNear(digest: string): Promise<string[]> {
    const rows: Array<{ id: string }> = await this.#knex('devices as d')
      .where('d.online', true)
      .where((near) =>
        near
          .whereIn('d.running_snapshot_id', this.#snapshotsWith(digest).select('s.id'))
          .orWhereIn('d.id', this.#snapshotsWith(digest).whereNotNull('s.device_id').select('s.device_id')),
      )
      .orderBy('d.id')
      .limit(MOST_DEVICES)
      .select('d.id');
    return rows.map(({ id }) => id);
  }

  #snapshotsWith(digest: string): Knex.QueryBuilder {
    return this.#knex('snapshot_parts as p')
      .join('snapshots as s', 's.id', 'p.snapshot_id')
      .where('p.digest', digest);
  }

  #instancesRunning(digest: string): Knex.QueryBuilder {
    const columns = PART_REFERENCES.filter(({ table }) => table === 'instances');
    return this.#knex('instances').where((where) => {
      for (const { column } of columns) {
        where.orWhere(column, digest);
      }
    });
  }
}
