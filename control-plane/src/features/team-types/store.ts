import {
  type ListQuery,
  NO_LIMITS,
  NO_TERMS,
  type Page,
  type TeamFeature,
  type TeamLimits,
  type TeamTerms,
} from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface TeamTypeRow extends TeamTerms {
  id: string;
  name: string;
  limits: TeamLimits;
  default: boolean;
  teams: number;
}

const BYTES_PER_MB = 1024 * 1024;

/** What of a team is counted. */
export type Counted = 'members' | 'instances' | 'devices' | 'snapshots' | 'storageMb';

type StoredRow = Omit<TeamTypeRow, 'limits' | keyof TeamTerms> & { limits: string; terms: string };

/** Terms as they are stored; those that came later are not in old rows. */
export function readTerms(json: string): TeamTerms {
  return { ...NO_TERMS, ...(JSON.parse(json) as Partial<TeamTerms>) };
}

/** Limits as they are stored; those that came later are not in old rows. */
function readLimits(json: string): TeamLimits {
  return { ...NO_LIMITS, ...(JSON.parse(json) as Partial<TeamLimits>) };
}

function normalise({ terms, ...row }: StoredRow): TeamTypeRow {
  return {
    ...row,
    ...readTerms(terms),
    limits: readLimits(row.limits),
    default: Boolean(row.default),
    teams: Number(row.teams),
  };
}

function termsOf({ without, devicePrice, allowance }: TeamTerms): string {
  return JSON.stringify({ without, devicePrice, allowance });
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

  /** The type that a team has. */
  findOf(teamId: string): Promise<TeamTypeRow | null> {
    return this.#first(
      this.#types().where('y.id', this.#knex('teams').where({ id: teamId }).select('team_type_id')),
    );
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
      terms: termsOf(type),
      is_default: type.default,
    });
  }

  async update(id: string, type: Pick<TeamTypeRow, 'name' | 'limits' | keyof TeamTerms>): Promise<void> {
    await this.#knex('team_types')
      .where({ id })
      .update({ name: type.name, limits: JSON.stringify(type.limits), terms: termsOf(type) });
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

  /** The features that the type of a team leaves out. */
  async withoutOf(teamId: string): Promise<TeamFeature[]> {
    const type = await this.#knex('teams as t')
      .join('team_types as y', 'y.id', 't.team_type_id')
      .where('t.id', teamId)
      .first<{ terms: string } | undefined>({ terms: 'y.terms' });
    return type === undefined ? [] : readTerms(type.terms).without;
  }

  /** How much of what belongs to a feature a team has. */
  async countOf(teamId: string, feature: TeamFeature): Promise<number> {
    const rows = {
      devices: () => this.#knex('devices').where({ team_id: teamId }),
      pipelines: () =>
        this.#knex('pipelines as p')
          .join('applications as a', 'a.id', 'p.application_id')
          .where('a.team_id', teamId),
      webhooks: () => this.#knex('webhooks').where({ team_id: teamId }),
      blueprints: () => this.#knex('blueprints').where({ team_id: teamId }),
      'http-tokens': () =>
        this.#knex('http_tokens as h')
          .join('instances as i', 'i.id', 'h.instance_id')
          .where('i.team_id', teamId)
          .whereNull('i.deleted_at'),
    };
    const row = await rows[feature]().count({ n: '*' }).first();
    return Number(row?.n ?? 0);
  }

  async count(teamId: string, what: Counted): Promise<number> {
    if (what === 'storageMb') {
      return Math.ceil((await this.storedBytes(teamId)) / BYTES_PER_MB);
    }
    const rows = {
      members: () => this.#knex('team_members').where({ team_id: teamId }),
      instances: () => this.#knex('instances').where({ team_id: teamId }),
      devices: () => this.#knex('devices').where({ team_id: teamId }),
      snapshots: () =>
        this.#knex('snapshots')
          .where({ team_id: teamId, deleted_at: null })
          .whereIn('kind', ['manual', 'import']),
    };
    const row = await rows[what]().count({ n: '*' }).first();
    return Number(row?.n ?? 0);
  }

  /** Deployed flows and snapshots with their credentials; what several have in common is kept and counted once. */
  async storedBytes(teamId: string): Promise<number> {
    const instances = (column: string) =>
      this.#knex('instances').where({ team_id: teamId }).select({ digest: column });
    const snapshots = this.#knex('snapshots as s')
      .join('snapshot_parts as p', 'p.snapshot_id', 's.id')
      .where('s.team_id', teamId)
      .select({ digest: 'p.digest' });
    const digests = instances('flows_digest').union([
      instances('credentials_digest'),
      instances('lock_digest'),
      snapshots,
    ]);
    const row = await this.#knex('blobs').whereIn('digest', digests).sum({ bytes: 'size' }).first();
    return Number(row?.bytes ?? 0);
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
      terms: 'y.terms',
      default: 'y.is_default',
      teams: this.#knex('teams as t').whereRaw('t.team_type_id = y.id').count('*'),
    };
  }
}
