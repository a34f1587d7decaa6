import type { Knex } from 'knex';
import { whereAmong } from '../../db/many.ts';
import type { VariableRow } from '../instances/instance-row.ts';

/** What variables belong to, besides instances. */
export type VariableOwner = { kind: 'platform' } | { kind: OwnerKind; id: string };
type OwnerKind = 'team' | 'application' | 'device-group' | 'device';

export interface SharedVariables {
  platform: VariableRow[];
  team: VariableRow[];
  application: VariableRow[];
}

interface SharedRow extends VariableRow {
  level: keyof SharedVariables;
}

const BATCH = 500;

export class VariableStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async list(owner: VariableOwner): Promise<VariableRow[]> {
    const rows = await this.#rows(owner).orderBy('name').select<VariableRow[]>('name', 'value', 'secret');
    return rows.map((row) => ({ ...row, secret: Boolean(row.secret) }));
  }

  async replace(owner: VariableOwner, variables: VariableRow[]): Promise<void> {
    await this.#rows(owner).delete();
    if (variables.length > 0) {
      const place = owner.kind === 'platform' ? {} : { [`${tableOf(owner.kind)}_id`]: owner.id };
      await this.#knex(`${tableOf(owner.kind)}_variables`).insert(
        variables.map(({ name, value, secret }) => ({ ...place, name, value, secret })),
      );
    }
  }

  /** What it is called and where it belongs; null when it is not there. */
  async ownerName(owner: {
    kind: 'team' | 'application';
    id: string;
  }): Promise<{ name: string; teamId: string } | null> {
    const row = await this.#knex(`${owner.kind}s`)
      .where({ id: owner.id })
      .first<{ name: string; teamId: string }>({
        name: 'name',
        teamId: owner.kind === 'team' ? 'id' : 'team_id',
      });
    return row ?? null;
  }

  /** All variables that reach the instances of an application from above, in one query. */
  async above(teamId: string, applicationId: string): Promise<SharedVariables> {
    const part = (level: keyof SharedVariables, rows: Knex.QueryBuilder) =>
      rows.select(this.#knex.raw('cast(? as text) as level', [level]), 'name', 'value', 'secret');
    const rows: SharedRow[] = await part('platform', this.#rows({ kind: 'platform' })).unionAll([
      part('team', this.#rows({ kind: 'team', id: teamId })),
      part('application', this.#rows({ kind: 'application', id: applicationId })),
    ]);
    const shared: SharedVariables = { platform: [], team: [], application: [] };
    for (const { level, name, value, secret } of rows) {
      shared[level].push({ name, value, secret: Boolean(secret) });
    }
    return shared;
  }

  /** The variables of many owners at once, in one query. */
  async ofMany(owners: Record<OwnerKind, string[]>): Promise<Array<VariableRow & { ownerId: string }>> {
    const parts = Object.entries(owners).map(([kind, ids]) => {
      const owner = `${tableOf(kind)}_id`;
      const rows = this.#knex(`${tableOf(kind)}_variables`);
      return whereAmong(this.#knex, rows, owner, ids).select({
        ownerId: owner,
        name: 'name',
        value: 'value',
        secret: 'secret',
      });
    });
    const [first, ...others] = parts;
    const rows = ((await first?.unionAll(others)) ?? []) as Array<VariableRow & { ownerId: string }>;
    return rows.map((row) => ({ ...row, secret: Boolean(row.secret) }));
  }

  /** Those that devices set themselves. */
  ofDevices(ids: string[]): Promise<Array<VariableRow & { ownerId: string }>> {
    return this.ofMany({ team: [], application: [], 'device-group': [], device: ids });
  }

  /** Puts rows in the place of those names, for each device. */
  async changeOfDevices(rows: ReadonlyMap<string, VariableRow[]>, names: string[]): Promise<void> {
    const ids = [...rows.keys()];
    for (let start = 0; start < ids.length; start += BATCH) {
      await this.#knex('device_variables')
        .whereIn('device_id', ids.slice(start, start + BATCH))
        .whereIn('name', names)
        .delete();
    }
    const added = [...rows].flatMap(([id, list]) => list.map((row) => ({ device_id: id, ...row })));
    for (let start = 0; start < added.length; start += BATCH) {
      await this.#knex('device_variables').insert(added.slice(start, start + BATCH));
    }
  }

  #rows(owner: VariableOwner): Knex.QueryBuilder {
    const rows = this.#knex(`${tableOf(owner.kind)}_variables`);
    return owner.kind === 'platform' ? rows : rows.where({ [`${tableOf(owner.kind)}_id`]: owner.id });
  }
}

function tableOf(kind: string): string {
  return kind.replace('-', '_');
}
