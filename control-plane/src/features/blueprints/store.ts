import type { BlueprintCategory, BlueprintIcon, ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

/** What a version of a blueprint is made of. */
export interface BlueprintContent {
  flowsDigest: string;
  /** JSON of Modules. */
  modules: string;
  /** JSON of BlueprintVariable[]. */
  variables: string;
  flows: number;
  nodes: number;
  nodeRed: string;
  author: string;
}

/** A blueprint with its newest version. */
export interface BlueprintRow extends BlueprintContent {
  id: string;
  teamId: string | null;
  teamName: string | null;
  shippedKey: string | null;
  shippedDigest: string | null;
  name: string;
  description: string;
  category: BlueprintCategory;
  icon: BlueprintIcon;
  /** The digest of its bytes. */
  picture: string | null;
  pictureType: string | null;
  active: boolean;
  version: number;
  createdAt: string;
  changedAt: string;
}

export type NewBlueprint = Omit<BlueprintRow, 'teamName' | 'active' | 'version' | 'changedAt'>;
type Changeable = Pick<
  BlueprintRow,
  'name' | 'description' | 'category' | 'icon' | 'picture' | 'pictureType' | 'active' | 'shippedDigest'
>;
export type BlueprintChanges = { [K in keyof Changeable]?: Changeable[K] | undefined };

/** Which blueprints somebody may see. Those of the platform are everybody's. */
export interface Sight {
  /** Teams whose blueprints are seen; null are all. */
  teamIds: string[] | null;
  /** Teams of which also those are seen that are not offered; null are all, those of the platform included. */
  ownTeamIds: string[] | null;
}

const COLUMNS = {
  id: 'b.id',
  teamId: 'b.team_id',
  teamName: 't.name',
  shippedKey: 'b.shipped_key',
  shippedDigest: 'b.shipped_digest',
  name: 'b.name',
  description: 'b.description',
  category: 'b.category',
  icon: 'b.icon',
  picture: 'b.picture',
  pictureType: 'b.picture_type',
  active: 'b.is_active',
  version: 'b.version',
  createdAt: 'b.created_at',
  changedAt: 'b.changed_at',
  flowsDigest: 'v.flows_digest',
  modules: 'v.modules',
  variables: 'v.variables',
  flows: 'v.flows',
  nodes: 'v.nodes',
  nodeRed: 'v.node_red',
  author: 'v.author',
};

const CHANGEABLE: Record<keyof BlueprintChanges, string> = {
  name: 'name',
  description: 'description',
  category: 'category',
  icon: 'icon',
  picture: 'picture',
  pictureType: 'picture_type',
  active: 'is_active',
  shippedDigest: 'shipped_digest',
};

function normalise(row: BlueprintRow): BlueprintRow {
  return { ...row, active: Boolean(row.active) };
}

export class BlueprintStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async list(
    sight: Sight,
    query: ListQuery & { category?: BlueprintCategory | undefined },
  ): Promise<Page<BlueprintRow>> {
    const seen = this.#joined();
    if (sight.teamIds !== null) {
      const { teamIds } = sight;
      seen.where((where) => where.whereNull('b.team_id').orWhereIn('b.team_id', teamIds));
    }
    if (sight.ownTeamIds !== null) {
      const { ownTeamIds } = sight;
      seen.where((where) => where.where('b.is_active', true).orWhereIn('b.team_id', ownTeamIds));
    }
    if (query.category !== undefined) {
      seen.where('b.category', query.category);
    }
    const page = await readPage<BlueprintRow>(seen, {
      query,
      sort: 'b.name',
      id: 'b.id',
      search: ['b.name', 'b.description'],
      cursorOf: (row) => [row.name, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
    return { ...page, items: page.items.map(normalise) };
  }

  async find(id: string): Promise<BlueprintRow | null> {
    const row = await this.#joined().where('b.id', id).first<BlueprintRow | undefined>(COLUMNS);
    return row ? normalise(row) : null;
  }

  /** Until the end of the transaction nobody else changes it. */
  async lock(id: string): Promise<void> {
    await this.#knex('blueprints').where({ id }).forUpdate().first('id');
  }

  async shipped(): Promise<Array<BlueprintRow & { shippedKey: string }>> {
    const rows = await this.#joined().whereNotNull('b.shipped_key').select(COLUMNS);
    return (rows as Array<BlueprintRow & { shippedKey: string }>).map((row) => ({
      ...row,
      active: Boolean(row.active),
    }));
  }

  async insert(blueprint: NewBlueprint): Promise<void> {
    await this.#knex('blueprints').insert({
      id: blueprint.id,
      team_id: blueprint.teamId,
      shipped_key: blueprint.shippedKey,
      shipped_digest: blueprint.shippedDigest,
      name: blueprint.name,
      description: blueprint.description,
      category: blueprint.category,
      icon: blueprint.icon,
      picture: blueprint.picture,
      picture_type: blueprint.pictureType,
      is_active: true,
      version: 0,
      created_at: blueprint.createdAt,
      changed_at: blueprint.createdAt,
    });
    await this.addVersion(blueprint.id, 1, blueprint, blueprint.createdAt);
  }

  async update(id: string, changes: BlueprintChanges, at: string): Promise<void> {
    const columns = Object.fromEntries(
      Object.entries(changes)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [CHANGEABLE[key as keyof BlueprintChanges], value]),
    );
    await this.#knex('blueprints')
      .where({ id })
      .update({ ...columns, changed_at: at });
  }

  /** Adds a version, which is the newest from then on. */
  async addVersion(id: string, version: number, content: BlueprintContent, at: string): Promise<void> {
    await this.#knex('blueprint_versions').insert({
      blueprint_id: id,
      version,
      flows_digest: content.flowsDigest,
      modules: content.modules,
      variables: content.variables,
      flows: content.flows,
      nodes: content.nodes,
      node_red: content.nodeRed,
      author: content.author,
      created_at: at,
    });
    await this.#knex('blueprints').where({ id }).update({ version });
  }

  /** Labels and help can be better without anything having to be applied again. */
  async setVariables(id: string, version: number, variables: string): Promise<void> {
    await this.#knex('blueprint_versions').where({ blueprint_id: id, version }).update({ variables });
  }

  async flowsOfVersion(id: string, version: number): Promise<string | null> {
    const row: { flows_digest: string } | undefined = await this.#knex('blueprint_versions')
      .where({ blueprint_id: id, version })
      .first('flows_digest');
    return row?.flows_digest ?? null;
  }

  /** What was made from it and shows it. */
  madeFrom(id: string): Promise<Array<{ id: string; teamId: string; applicationId: string }>> {
    return this.#knex('instances')
      .where({ blueprint_id: id })
      .select({ id: 'id', teamId: 'team_id', applicationId: 'application_id' });
  }

  /** What was made from it stays, and is on its own from then on. */
  async delete(id: string): Promise<void> {
    await this.#knex('instances')
      .where({ blueprint_id: id })
      .update({ blueprint_id: null, blueprint_version: null });
    await this.#knex('blueprint_versions').where({ blueprint_id: id }).delete();
    await this.#knex('blueprints').where({ id }).delete();
  }

  #joined(): Knex.QueryBuilder {
    return this.#knex('blueprints as b')
      .join('blueprint_versions as v', (join) =>
        join.on('v.blueprint_id', 'b.id').andOn('v.version', 'b.version'),
      )
      .leftJoin('teams as t', 't.id', 'b.team_id')
      .whereNull('t.deleted_at');
  }
}
