import type { ListQuery, Page, SnapshotKind } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

interface Binned {
  id: string;
  name: string;
  deletedAt: string;
  deletedBy: string;
}
export interface BinnedInstanceRow extends Binned {
  teamId: string;
  applicationId: string;
  applicationName: string;
}
export interface BinnedSnapshotRow extends Binned {
  teamId: string;
  applicationId: string | null;
  kind: SnapshotKind;
  owner: string;
}
export interface BinnedTeamRow extends Binned {
  slug: string;
  deletedById: string;
}

const INSTANCE_COLUMNS = {
  id: 'i.id',
  name: 'i.name',
  teamId: 'i.team_id',
  applicationId: 'i.application_id',
  applicationName: 'a.name',
  deletedAt: 'i.deleted_at',
  deletedBy: 'i.deleted_by_name',
};
const SNAPSHOT_COLUMNS = {
  id: 's.id',
  name: 's.name',
  teamId: 's.team_id',
  applicationId: 's.application_id',
  kind: 's.kind',
  owner: 's.owner_name',
  deletedAt: 's.deleted_at',
  deletedBy: 's.deleted_by_name',
};
const TEAM_COLUMNS = {
  id: 't.id',
  name: 't.name',
  slug: 't.slug',
  deletedAt: 't.deleted_at',
  deletedBy: 't.deleted_by_name',
  deletedById: 't.deleted_by',
};

/** Teams, hosted instances and snapshots that were deleted and are not gone yet. */
export class RecycleBinStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async put(
    table: 'teams' | 'instances' | 'snapshots',
    id: string,
    by: { id: string; name: string },
  ): Promise<void> {
    await this.#knex(table)
      .where({ id })
      .update({ deleted_at: new Date().toISOString(), deleted_by: by.id, deleted_by_name: by.name });
  }

  async restore(table: 'teams' | 'instances' | 'snapshots', id: string): Promise<void> {
    await this.#knex(table)
      .where({ id })
      .update({ deleted_at: null, deleted_by: null, deleted_by_name: null });
  }

  /** Keeps others from using an instance, deleting or restoring it until this transaction ends. */
  async lockInstance(id: string): Promise<void> {
    await this.#knex('instances').where({ id }).forUpdate().first('id');
  }

  async findInstance(id: string): Promise<BinnedInstanceRow | null> {
    return (await this.#instances().where('i.id', id).first<BinnedInstanceRow>(INSTANCE_COLUMNS)) ?? null;
  }

  async findTeam(id: string): Promise<BinnedTeamRow | null> {
    return (await this.#teams().where('t.id', id).first<BinnedTeamRow>(TEAM_COLUMNS)) ?? null;
  }

  listInstances(teamId: string, query: ListQuery): Promise<Page<BinnedInstanceRow>> {
    return readPage<BinnedInstanceRow>(this.#instances().where('i.team_id', teamId), {
      query,
      id: 'i.id',
      order: 'desc',
      search: ['i.name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(INSTANCE_COLUMNS),
    });
  }

  /** Those that a person deleted; null for all. */
  listTeams(deletedById: string | null, query: ListQuery): Promise<Page<BinnedTeamRow>> {
    const teams = this.#teams();
    return readPage<BinnedTeamRow>(deletedById === null ? teams : teams.where('t.deleted_by', deletedById), {
      query,
      id: 't.id',
      order: 'desc',
      search: ['t.name', 't.slug'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(TEAM_COLUMNS),
    });
  }

  /** Keeps others from deleting or restoring a snapshot until this transaction ends. */
  async findSnapshot(id: string): Promise<BinnedSnapshotRow | null> {
    await this.#knex('snapshots').where({ id }).forUpdate().first('id');
    return (await this.#snapshots().where('s.id', id).first<BinnedSnapshotRow>(SNAPSHOT_COLUMNS)) ?? null;
  }

  listSnapshots(teamId: string, query: ListQuery): Promise<Page<BinnedSnapshotRow>> {
    return readPage<BinnedSnapshotRow>(this.#snapshots().where('s.team_id', teamId), {
      query,
      id: 's.id',
      order: 'desc',
      search: ['s.name', 's.owner_name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(SNAPSHOT_COLUMNS),
    });
  }

  async snapshotsBefore(at: string): Promise<BinnedSnapshotRow[]> {
    return this.#snapshots().where('s.deleted_at', '<', at).select<BinnedSnapshotRow[]>(SNAPSHOT_COLUMNS);
  }

  async instancesBefore(at: string): Promise<BinnedInstanceRow[]> {
    return this.#instances().where('i.deleted_at', '<', at).select<BinnedInstanceRow[]>(INSTANCE_COLUMNS);
  }

  async teamsBefore(at: string): Promise<BinnedTeamRow[]> {
    return this.#teams().where('t.deleted_at', '<', at).select<BinnedTeamRow[]>(TEAM_COLUMNS);
  }

  async instanceIdsOf(teamId: string): Promise<string[]> {
    return (await this.#knex('instances').where({ team_id: teamId }).select<Array<{ id: string }>>('id')).map(
      ({ id }) => id,
    );
  }

  async deviceIdsOf(teamId: string): Promise<string[]> {
    return (await this.#knex('devices').where({ team_id: teamId }).select<Array<{ id: string }>>('id')).map(
      ({ id }) => id,
    );
  }

  async isDeploying(teamId: string): Promise<boolean> {
    const row = await this.#knex('deployments')
      .where({ team_id: teamId })
      .whereNull('finished_at')
      .first('id');
    return row !== undefined;
  }

  /** Its snapshots stay, since devices may run them. */
  async deleteInstance(id: string): Promise<void> {
    await this.#knex('devices').where({ instance_id: id }).update({ instance_id: null });
    await this.#knex('stages').where({ instance_id: id }).delete();
    await this.#knex('instances').where({ id }).delete();
  }

  /** Everything that a team has, what refers to others first. The audit log stays. */
  async deleteTeam(id: string): Promise<void> {
    const applications = this.#knex('applications').where({ team_id: id }).select('id');
    await this.#knex('pipelines').whereIn('application_id', applications).delete();
    await this.#knex('deployments').where({ team_id: id }).delete();
    await this.#knex('devices').where({ team_id: id }).delete();
    await this.#knex('instances').where({ team_id: id }).delete();
    await this.#knex('device_groups').whereIn('application_id', applications).delete();
    await this.#knex('snapshots').where({ team_id: id }).delete();
    await this.#knex('applications').where({ team_id: id }).delete();
    await this.#knex('access_tokens').where({ team_id: id }).delete();
    await this.#knex('teams').where({ id }).delete();
  }

  #instances(): Knex.QueryBuilder {
    return this.#knex('instances as i')
      .join('applications as a', 'a.id', 'i.application_id')
      .whereNotNull('i.deleted_at');
  }

  #snapshots(): Knex.QueryBuilder {
    return this.#knex('snapshots as s').whereNotNull('s.deleted_at');
  }

  #teams(): Knex.QueryBuilder {
    return this.#knex('teams as t').whereNotNull('t.deleted_at');
  }
}
