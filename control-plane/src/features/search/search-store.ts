import type { Knex } from 'knex';
import { applySearch } from '../../db/paging.ts';

/** What is looked for, and how much of each kind is given. */
export interface SearchFor {
  teamId: string;
  /** All of them must be there, in any order. */
  words: string[];
  limit: number;
}

/** The applications that may be looked into. */
export type Within = { only: string[] } | { not: string[] };

export interface FoundPlace {
  id: string;
  name: string;
  applicationName: string | null;
}
export interface FoundSnapshot extends FoundPlace {
  applicationId: string | null;
  instanceId: string | null;
  deviceId: string | null;
  ownerName: string;
}
export interface FoundNode {
  nodeId: string;
  type: string;
  name: string;
  flow: string;
  instanceId: string;
  instanceName: string;
}

/** Keeps what is in one of these applications. */
function inside(builder: Knex.QueryBuilder, column: string, within: Within): Knex.QueryBuilder {
  return 'only' in within ? builder.whereIn(column, within.only) : builder.whereNotIn(column, within.not);
}

function withWords(builder: Knex.QueryBuilder, columns: string[], words: string[]): Knex.QueryBuilder {
  for (const word of words) {
    applySearch(builder, columns, word);
  }
  return builder;
}

/** Finds things of a team by their names. One query for each kind, and never more rows than are wanted. */
export class SearchStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async applicationIds(teamId: string): Promise<string[]> {
    const rows = await this.#knex('applications')
      .where({ team_id: teamId })
      .orderBy('id')
      .select<Array<{ id: string }>>('id');
    return rows.map(({ id }) => id);
  }

  applications(search: SearchFor, within: Within): Promise<FoundPlace[]> {
    const found = this.#knex('applications as a').where('a.team_id', search.teamId);
    inside(found, 'a.id', within);
    return this.#named(withWords(found, ['a.name', 'a.description'], search.words), 'a', search, {
      id: 'a.id',
      name: 'a.name',
    });
  }

  instances(search: SearchFor, within: Within): Promise<FoundPlace[]> {
    const found = this.#knex('instances as i')
      .join('applications as a', 'a.id', 'i.application_id')
      .where('i.team_id', search.teamId)
      .whereNull('i.deleted_at');
    inside(found, 'i.application_id', within);
    return this.#named(withWords(found, ['i.name', 'i.description'], search.words), 'i', search, {
      id: 'i.id',
      name: 'i.name',
      applicationName: 'a.name',
    });
  }

  /** @param loose whether also those are meant that are in no application */
  devices(search: SearchFor, within: Within, loose: boolean): Promise<FoundPlace[]> {
    const found = this.#knex('devices as d')
      .leftJoin('instances as i', 'i.id', 'd.instance_id')
      .leftJoin('applications as a', (join) =>
        join.on('a.id', this.#knex.raw('coalesce(d.application_id, i.application_id)')),
      )
      .where('d.team_id', search.teamId)
      .where((where) => {
        where.where((placed) => inside(placed.whereNotNull('a.id'), 'a.id', within));
        if (loose) {
          where.orWhereNull('a.id');
        }
      });
    return this.#named(withWords(found, ['d.name', 'd.type'], search.words), 'd', search, {
      id: 'd.id',
      name: 'd.name',
      applicationName: 'a.name',
    });
  }

  pipelines(search: SearchFor, within: Within): Promise<FoundPlace[]> {
    const found = this.#knex('pipelines as p')
      .join('applications as a', 'a.id', 'p.application_id')
      .where('a.team_id', search.teamId);
    inside(found, 'a.id', within);
    return this.#named(withWords(found, ['p.name'], search.words), 'p', search, {
      id: 'p.id',
      name: 'p.name',
      applicationName: 'a.name',
    });
  }

  /** Newest first; not those of instances in the recycle bin, nor those that are on no page any more. */
  async snapshots(search: SearchFor, within: Within, loose: boolean): Promise<FoundSnapshot[]> {
    const found = this.#knex('snapshots as s')
      .leftJoin('applications as a', 'a.id', 's.application_id')
      .leftJoin('instances as i', 'i.id', 's.instance_id')
      .leftJoin('devices as d', 'd.id', 's.device_id')
      .whereRaw('coalesce(a.id, d.id) is not null')
      .whereRaw('coalesce(a.team_id, s.team_id) = ?', [search.teamId])
      .whereNull('i.deleted_at')
      .whereNull('s.deleted_at')
      .where((where) => {
        where.where((placed) => inside(placed.whereNotNull('a.id'), 'a.id', within));
        if (loose) {
          where.orWhereNull('a.id');
        }
      });
    return withWords(found, ['s.name', 's.description'], search.words)
      .orderBy('s.id', 'desc')
      .limit(search.limit)
      .select({
        id: 's.id',
        name: 's.name',
        applicationName: 'a.name',
        applicationId: 's.application_id',
        instanceId: 's.instance_id',
        deviceId: 'd.id',
        ownerName: 's.owner_name',
      });
  }

  async nodes(search: SearchFor, within: Within): Promise<FoundNode[]> {
    const found = this.#knex('flow_nodes as n')
      .join('instances as i', 'i.id', 'n.instance_id')
      .where('i.team_id', search.teamId)
      .whereNull('i.deleted_at');
    inside(found, 'i.application_id', within);
    // Lowered already, also letters that the database does not know.
    for (const word of search.words) {
      found.whereRaw(`n.words like ? escape '\\'`, [`%${word.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`]);
    }
    return this.#beginningsFirst(found, 'n.words', search.words.join(' ').toLowerCase())
      .orderBy(['n.name', 'i.name', 'n.node_id'])
      .limit(search.limit)
      .select({
        nodeId: 'n.node_id',
        type: 'n.type',
        name: 'n.name',
        flow: 'n.flow',
        instanceId: 'i.id',
        instanceName: 'i.name',
      });
  }

  #named<T>(found: Knex.QueryBuilder, table: string, search: SearchFor, columns: object): Promise<T[]> {
    return this.#beginningsFirst(found, `${table}.name`, search.words.join(' ').toLowerCase())
      .orderBy([`${table}.name`, `${table}.id`])
      .limit(search.limit)
      .select(columns) as unknown as Promise<T[]>;
  }

  /** What begins with the words comes before what contains them. */
  #beginningsFirst(found: Knex.QueryBuilder, column: string, words: string): Knex.QueryBuilder {
    return found.orderByRaw(`case when substr(lower(??), 1, ?) = ? then 0 else 1 end`, [
      column,
      words.length,
      words,
    ]);
  }
}
