import type { LinkAddress, LinkRuntime } from '@flowyard/protocol';
import type { Knex } from 'knex';

/** A runtime that an address may mean, and the application whose flows it runs. */
export interface Addressed extends LinkRuntime {
  applicationId: string | null;
}

/** A group is larger than this only by mistake; a message to it is kept once for each member. */
export const MOST_MEMBERS = 5000;

/** Finds what addresses mean in a team. */
export class LinkAddressStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** The instances, devices or groups of a team with that id, or where there is none, that name. */
  async find(teamId: string, place: LinkAddress['place'], name: string): Promise<Addressed[]> {
    const rows = await this.#named(teamId, place, name);
    const exact = rows.filter(({ id }) => id === name);
    return exact.length > 0 ? exact : rows;
  }

  /** The devices of a group, by name. */
  async members(deviceGroupId: string): Promise<Addressed[]> {
    const rows = await this.#devices()
      .where('d.device_group_id', deviceGroupId)
      .orderBy('d.name')
      .limit(MOST_MEMBERS);
    return rows.map((row) => ({ ...row, kind: 'device' }));
  }

  /** A runtime itself; null when it is gone. */
  async runtime(kind: LinkRuntime['kind'], id: string): Promise<Addressed | null> {
    const rows =
      kind === 'instance'
        ? await this.#instances().where('i.id', id)
        : await this.#devices().where('d.id', id);
    return rows[0] === undefined ? null : { ...rows[0], kind };
  }

  async #named(teamId: string, place: LinkAddress['place'], name: string): Promise<Addressed[]> {
    if (place === 'instance') {
      const rows = await this.#instances()
        .where('i.team_id', teamId)
        .where((either) => either.where('i.id', name).orWhere('i.name', name));
      return rows.map((row) => ({ ...row, kind: 'instance' }));
    }
    if (place === 'device') {
      const rows = await this.#devices()
        .where('d.team_id', teamId)
        .where((either) => either.where('d.id', name).orWhere('d.name', name));
      return rows.map((row) => ({ ...row, kind: 'device' }));
    }
    const groups = await this.#knex('device_groups as g')
      .join('applications as a', 'a.id', 'g.application_id')
      .where('a.team_id', teamId)
      .where((either) => either.where('g.id', name).orWhere('g.name', name))
      .select<Array<Omit<Addressed, 'kind'>>>({
        id: 'g.id',
        name: 'g.name',
        applicationId: 'g.application_id',
      });
    return groups.map((row) => ({ ...row, kind: 'device' }));
  }

  #instances() {
    return this.#knex('instances as i').whereNull('i.deleted_at').select<Array<Omit<Addressed, 'kind'>>>({
      id: 'i.id',
      name: 'i.name',
      applicationId: 'i.application_id',
    });
  }

  #devices() {
    return this.#knex('devices as d')
      .leftJoin('instances as home', 'home.id', 'd.instance_id')
      .select<Array<Omit<Addressed, 'kind'>>>(
        'd.id as id',
        'd.name as name',
        this.#knex.raw('coalesce(d.application_id, home.application_id) as "applicationId"'),
      );
  }
}
