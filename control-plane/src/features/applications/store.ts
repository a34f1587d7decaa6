import type { ApplicationRole, ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface ApplicationRow {
  id: string;
  teamId: string;
  name: string;
  description: string;
  createdAt: string;
  instances: number;
  /** In the recycle bin. */
  binned: number;
  devices: number;
  deviceGroups: number;
  pipelines: number;
}

export interface ApplicationRoleRow {
  userId: string;
  username: string;
  role: ApplicationRole;
}

const ROLE_COLUMNS = { userId: 'u.id', username: 'u.username', role: 'r.role' };

export class ApplicationStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(application: {
    id: string;
    teamId: string;
    name: string;
    description: string;
    createdAt: string;
  }): Promise<void> {
    await this.#knex('applications').insert({
      id: application.id,
      team_id: application.teamId,
      name: application.name,
      description: application.description,
      created_at: application.createdAt,
    });
  }

  async find(id: string): Promise<ApplicationRow | null> {
    const row = await this.#knex('applications as a')
      .where('a.id', id)
      .first<ApplicationRow>(this.#columns());
    return row ? normalise(row) : null;
  }

  async list(teamId: string, hidden: string[], query: ListQuery): Promise<Page<ApplicationRow>> {
    const visible = this.#knex('applications as a').where('a.team_id', teamId).whereNotIn('a.id', hidden);
    const page = await readPage<ApplicationRow>(visible, {
      query,
      sort: 'a.name',
      id: 'a.id',
      search: ['a.name', 'a.description'],
      cursorOf: (row) => [row.name, row.id],
      select: (builder) => builder.select(this.#columns()),
    });
    return { ...page, items: page.items.map(normalise) };
  }

  async count(teamId: string, hidden: string[]): Promise<number> {
    const row = await this.#knex('applications')
      .where({ team_id: teamId })
      .whereNotIn('id', hidden)
      .count({ n: '*' })
      .first();
    return Number(row?.n ?? 0);
  }

  async update(
    id: string,
    changes: { name?: string | undefined; description?: string | undefined },
  ): Promise<void> {
    const columns = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    if (Object.keys(columns).length > 0) {
      await this.#knex('applications').where({ id }).update(columns);
    }
  }

  /** Its pipelines and device groups go with it. */
  async delete(id: string): Promise<void> {
    await this.#knex('pipelines').where({ application_id: id }).delete();
    await this.#knex('device_groups').where({ application_id: id }).delete();
    await this.#knex('applications').where({ id }).delete();
  }

  listRoles(applicationId: string, query: ListQuery): Promise<Page<ApplicationRoleRow>> {
    return readPage<ApplicationRoleRow>(
      this.#knex('application_roles as r')
        .join('users as u', 'u.id', 'r.user_id')
        .where('r.application_id', applicationId),
      {
        query,
        sort: 'u.username',
        id: 'u.id',
        search: ['u.username'],
        cursorOf: (row) => [row.username, row.userId],
        select: (builder) => builder.select(ROLE_COLUMNS),
      },
    );
  }

  async setRole(applicationId: string, userId: string, role: ApplicationRole): Promise<void> {
    await this.#knex('application_roles')
      .insert({ application_id: applicationId, user_id: userId, role })
      .onConflict(['application_id', 'user_id'])
      .merge();
  }

  async deleteRole(applicationId: string, userId: string): Promise<number> {
    return this.#knex('application_roles').where({ application_id: applicationId, user_id: userId }).delete();
  }

  #columns() {
    const count = (table: string) => this.#knex(table).whereRaw('application_id = a.id').count('*');
    const devices = this.#knex('devices as d')
      .leftJoin('instances as di', 'di.id', 'd.instance_id')
      .whereRaw('coalesce(d.application_id, di.application_id) = a.id')
      .count('*');
    return {
      id: 'a.id',
      teamId: 'a.team_id',
      name: 'a.name',
      description: 'a.description',
      createdAt: 'a.created_at',
      instances: count('instances').whereNull('deleted_at'),
      binned: count('instances').whereNotNull('deleted_at'),
      devices,
      deviceGroups: count('device_groups'),
      pipelines: count('pipelines'),
    } as unknown as Record<string, string>;
  }
}

function normalise(row: ApplicationRow): ApplicationRow {
  return {
    ...row,
    instances: Number(row.instances),
    binned: Number(row.binned),
    devices: Number(row.devices),
    deviceGroups: Number(row.deviceGroups),
    pipelines: Number(row.pipelines),
  };
}
