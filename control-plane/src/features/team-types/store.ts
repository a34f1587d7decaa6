import { type ListQuery, NO_LIMITS, type Page, type TeamLimits } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface TeamTypeRow {
  id: string;
  name: string;
  limits: TeamLimits;
  default: boolean;
  teams: number;
}

/** What of a team is counted. */
export type Counted = 'members' | 'instances' | 'devices' | 'snapshots';

type StoredRow = Omit<TeamTypeRow, 'limits'> & { limits: string };

/** Limits as they are stored; those that came later are not in old rows. */
function readLimits(json: string): TeamLimits {
  return { ...NO_LIMITS, ...(JSON.parse(json) as Partial<TeamLimits>) };
}

function normalise(row: StoredRow): TeamTypeRow {
  return { ...row, limits: readLimits(row.limits), default: Boolean(row.default), teams: Number(row.teams) };
}

export class TeamTypeStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async list(query: ListQuery): Promise<Page<TeamTypeRow>> {
    const page = await readPage<StoredRow>(this.#knex('team_types as y'), {
      query,
      id: 'y.id',
      search: ['y.name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(this.#columns()),
    });
    return { ...page, items: page.items.map(normalise) };
  }

  find(id: string): Promise<TeamTypeRow | null> {
    return this.#first(this.#types().where('y.id', id));
  }

  /** The type of a team that is made without naming one. */
  findDefault(): Promise<TeamTypeRow | null> {
    return this.#first(this.#types().where('y.is_default', true));
  }

  async insert(type: Omit<TeamTypeRow, 'teams'>): Promise<void> {
    await this.#knex('team_types').insert({
      id: type.id,
      name: type.name,
      limits: JSON.stringify(type.limits),
      is_default: type.default,
    });
  }

  async update(id: string, { name, limits }: Pick<TeamTypeRow, 'name' | 'limits'>): Promise<void> {
    await this.#knex('team_types')
      .where({ id })
      .update({ name, limits: JSON.stringify(limits) });
  }

  async makeDefault(id: string): Promise<void> {
    await this.#knex('team_types').update({ is_default: this.#knex.raw('id = ?', [id]) });
  }

  async delete(id: string): Promise<void> {
    await this.#knex('team_types').where({ id }).delete();
  }

  /** What the type of a team allows. */
  async limitsOf(teamId: string): Promise<TeamLimits> {
    const type = await this.#knex('teams as t')
      .join('team_types as y', 'y.id', 't.team_type_id')
      .where('t.id', teamId)
      .first<{ limits: string }>({ limits: 'y.limits' });
    return readLimits(type.limits);
  }

  async count(teamId: string, what: Counted): Promise<number> {
    const rows = {
      members: () => this.#knex('team_members').where({ team_id: teamId }),
      instances: () => this.#knex('instances').where({ team_id: teamId }),
      devices: () => this.#knex('devices').where({ team_id: teamId }),
      snapshots: () => this.#knex('snapshots').where({ team_id: teamId, kind: 'manual' }),
    };
    const row = await rows[what]().count({ n: '*' }).first();
    return Number(row?.n ?? 0);
  }

  /** How many hosted instances of each type a team has. */
  async countInstancesByType(teamId: string): Promise<Map<string, number>> {
    const rows = await this.#knex('instances')
      .where({ team_id: teamId })
      .groupBy('instance_type_id')
      .select<Array<{ type: string; n: number | string }>>(
        'instance_type_id as type',
        this.#knex.raw('count(*) as n'),
      );
    return new Map(rows.map(({ type, n }) => [type, Number(n)]));
  }

  async #first(types: Knex.QueryBuilder): Promise<TeamTypeRow | null> {
    const rows: StoredRow[] = await types.limit(1).select(this.#columns());
    return rows[0] === undefined ? null : normalise(rows[0]);
  }

  #types(): Knex.QueryBuilder {
    return this.#knex('team_types as y');
  }

  #columns() {
    return {
      id: 'y.id',
      name: 'y.name',
      limits: 'y.limits',
      default: 'y.is_default',
      teams: this.#knex('teams as t').whereRaw('t.team_type_id = y.id').count('*'),
    };
  }
}
