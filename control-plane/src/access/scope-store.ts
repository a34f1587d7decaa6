import type { ApplicationRole, Role } from '@flowyard/protocol';
import type { Knex } from 'knex';

/** The kinds of things that a permission can be checked on. */
export type ScopeKind =
  | 'team'
  | 'application'
  | 'instance'
  | 'device'
  | 'device-group'
  | 'snapshot'
  | 'pipeline'
  | 'stage'
  | 'deployment';

/** Where a thing belongs. */
export interface Place {
  teamId: string;
  applicationId: string | null;
}

export interface PlaceWithRoles extends Place {
  /** The team stands still: nothing of it may be changed. */
  suspended: boolean;
  teamRole: Role | null;
  override: ApplicationRole | null;
}

interface PlaceRow {
  team_id: string;
  application_id: string | null;
  role: Role | null;
  override: ApplicationRole | null;
  suspended_at: string | null;
}

/** Finds out where things belong and which roles a person has there: one query for each question. */
export class ScopeStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Null when there is no such thing. Without a person the roles are null. */
  async find(kind: ScopeKind, id: string, userId: string | null): Promise<PlaceWithRoles | null> {
    const row: PlaceRow | undefined = await this.#knex
      .from(this.#placeQuery(kind, id).as('place'))
      .leftJoin('team_members as m', (join) =>
        join.on('m.team_id', 'place.team_id').andOnVal('m.user_id', userId ?? ''),
      )
      .leftJoin('application_roles as r', (join) =>
        join.on('r.application_id', 'place.application_id').andOnVal('r.user_id', userId ?? ''),
      )
      .join('teams as home', 'home.id', 'place.team_id')
      .whereNull('home.deleted_at')
      .select('place.team_id', 'place.application_id', 'm.role', 'r.role as override', 'home.suspended_at')
      .first();
    return row
      ? {
          teamId: row.team_id,
          applicationId: row.application_id,
          teamRole: row.role,
          override: row.override,
          suspended: row.suspended_at !== null,
        }
      : null;
  }

  /** The roles of a person in a team and, where they differ, in its applications. */
  async rolesIn(
    teamId: string,
    userId: string,
  ): Promise<{ teamRole: Role | null; overrides: Map<string, ApplicationRole> }> {
    const member = await this.#knex('team_members').where({ team_id: teamId, user_id: userId }).first('role');
    const overrides = await this.#knex('application_roles as r')
      .join('applications as a', 'a.id', 'r.application_id')
      .where({ 'a.team_id': teamId, 'r.user_id': userId })
      .select<Array<{ application_id: string; role: ApplicationRole }>>('r.application_id', 'r.role');
    return {
      teamRole: member?.role ?? null,
      overrides: new Map(overrides.map((row) => [row.application_id, row.role])),
    };
  }

  /** All roles that a person has anywhere: two queries for any number of teams. */
  async allRolesOf(userId: string): Promise<{
    memberships: Array<{ teamId: string; role: Role }>;
    overrides: Array<{ teamId: string; applicationId: string; role: ApplicationRole }>;
  }> {
    const memberships = await this.#knex('team_members as m')
      .join('teams as t', 't.id', 'm.team_id')
      .where('m.user_id', userId)
      .whereNull('t.deleted_at')
      .select<Array<{ teamId: string; role: Role }>>({ teamId: 'm.team_id', role: 'm.role' });
    const overrides = await this.#knex('application_roles as r')
      .join('applications as a', 'a.id', 'r.application_id')
      .where('r.user_id', userId)
      .select<Array<{ teamId: string; applicationId: string; role: ApplicationRole }>>({
        teamId: 'a.team_id',
        applicationId: 'a.id',
        role: 'r.role',
      });
    return { memberships, overrides };
  }

  #placeQuery(kind: ScopeKind, id: string): Knex.QueryBuilder {
    const knex = this.#knex;
    switch (kind) {
      case 'team':
        return knex('teams').where('id', id).select('id as team_id', knex.raw('null as application_id'));
      case 'application':
        return knex('applications').where('id', id).select('team_id', 'id as application_id');
      case 'instance':
        return knex('instances').where('id', id).whereNull('deleted_at').select('team_id', 'application_id');
      case 'snapshot':
        // The application says whose it is: it may have been moved to another team.
        return knex('snapshots as s')
          .leftJoin('applications as a', 'a.id', 's.application_id')
          .where('s.id', id)
          .whereNull('s.deleted_at')
          .select(knex.raw('coalesce(a.team_id, s.team_id) as team_id'), 's.application_id');
      case 'device':
        return knex('devices as d')
          .leftJoin('instances as i', 'i.id', 'd.instance_id')
          .where('d.id', id)
          .select('d.team_id', knex.raw('coalesce(d.application_id, i.application_id) as application_id'));
      case 'device-group':
        return this.#inApplication('device_groups', id);
      case 'pipeline':
        return this.#inApplication('pipelines', id);
      case 'stage':
        return knex('stages as s')
          .join('pipelines as p', 'p.id', 's.pipeline_id')
          .join('applications as a', 'a.id', 'p.application_id')
          .where('s.id', id)
          .select('a.team_id', 'p.application_id');
      case 'deployment':
        return knex('deployments').where('id', id).select('team_id', 'application_id');
    }
  }

  #inApplication(table: string, id: string): Knex.QueryBuilder {
    return this.#knex(`${table} as t`)
      .join('applications as a', 'a.id', 't.application_id')
      .where('t.id', id)
      .select('a.team_id', 't.application_id');
  }
}
