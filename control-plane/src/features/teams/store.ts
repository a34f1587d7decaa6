import type { ListQuery, Page, Role } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { isPostgres } from '../../db/dialect.ts';
import { readPage } from '../../db/paging.ts';

export interface TeamRow {
  id: string;
  name: string;
  slug: string;
  teamTypeId: string;
  createdAt: string;
  suspendedAt: string | null;
  /** JSON of the terms of its type. */
  terms: string;
  /** Of the person the team is read for. */
  role: Role | null;
}

export interface MemberRow {
  userId: string;
  username: string;
  name: string;
  role: Role;
  since: string;
}

const TEAM_COLUMNS = {
  id: 't.id',
  name: 't.name',
  slug: 't.slug',
  teamTypeId: 't.team_type_id',
  createdAt: 't.created_at',
  suspendedAt: 't.suspended_at',
  terms: 'ty.terms',
  role: 'm.role',
};
const MEMBER_COLUMNS = {
  userId: 'u.id',
  username: 'u.username',
  name: 'u.name',
  role: 'm.role',
  since: 'm.since',
};

export class TeamStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Of those that are there, by their ids. */
  async allNames(): Promise<Map<string, string>> {
    const rows = await this.#knex('teams')
      .whereNull('deleted_at')
      .select<Array<{ id: string; name: string }>>('id', 'name');
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  async insert(team: Omit<TeamRow, 'role' | 'suspendedAt' | 'terms'>): Promise<void> {
    await this.#knex('teams').insert({
      id: team.id,
      name: team.name,
      slug: team.slug,
      team_type_id: team.teamTypeId,
      created_at: team.createdAt,
    });
  }

  /** Teams whose type keeps audit entries only for so many days. */
  async auditDays(): Promise<Array<{ id: string; name: string; auditDays: number }>> {
    const teams = await this.#knex('teams as t')
      .join('team_types as y', 'y.id', 't.team_type_id')
      .select<Array<{ id: string; name: string; limits: string }>>({
        id: 't.id',
        name: 't.name',
        limits: 'y.limits',
      });
    return teams.flatMap(({ id, name, limits }) => {
      const { auditDays } = JSON.parse(limits) as Partial<{ auditDays: number | null }>;
      return typeof auditDays === 'number' ? [{ id, name, auditDays }] : [];
    });
  }

  /** Keeps others from changing who and what is in a team until this transaction ends. */
  async lock(id: string): Promise<void> {
    // SQLite has one transaction at a time.
    if (isPostgres(this.#knex)) {
      await this.#knex('teams').where({ id }).forUpdate().first('id');
    }
  }

  async find(id: string, userId: string): Promise<TeamRow | null> {
    return (await this.#withRole(userId).where('t.id', id).first<TeamRow>(TEAM_COLUMNS)) ?? null;
  }

  /** Teams of a person, or with `all` every team; with `only` none but that one. */
  list(
    userId: string,
    { all, only }: { all: boolean; only: string | null },
    query: ListQuery,
  ): Promise<Page<TeamRow>> {
    const teams = this.#withRole(userId);
    if (only !== null) {
      teams.where('t.id', only);
    }
    return readPage<TeamRow>(all ? teams : teams.whereNotNull('m.role'), {
      query,
      sort: 't.name',
      id: 't.id',
      search: ['t.name', 't.slug'],
      cursorOf: (row) => [row.name, row.id],
      select: (builder) => builder.select(TEAM_COLUMNS),
    });
  }

  async slugTaken(slug: string): Promise<boolean> {
    return (await this.#knex('teams').where({ slug }).first('id')) !== undefined;
  }

  async update(
    id: string,
    {
      teamTypeId,
      ...changes
    }: { name?: string | undefined; slug?: string | undefined; teamTypeId?: string | undefined },
  ): Promise<void> {
    const all = { ...changes, team_type_id: teamTypeId };
    const columns = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    if (Object.keys(columns).length > 0) {
      await this.#knex('teams').where({ id }).update(columns);
    }
  }

  async setSuspended(id: string, at: string | null): Promise<void> {
    await this.#knex('teams').where({ id }).update({ suspended_at: at });
  }

  async insertMember(teamId: string, userId: string, role: Role, since: string): Promise<void> {
    await this.#knex('team_members').insert({ team_id: teamId, user_id: userId, role, since });
  }

  async updateMember(teamId: string, userId: string, role: Role): Promise<void> {
    await this.#knex('team_members').where({ team_id: teamId, user_id: userId }).update({ role });
  }

  /** Takes away the roles that a person has in single applications of a team. */
  async deleteApplicationRoles(teamId: string, userId: string): Promise<void> {
    await this.#knex('application_roles')
      .where({ user_id: userId })
      .whereIn('application_id', this.#knex('applications').where({ team_id: teamId }).select('id'))
      .delete();
  }

  async deleteMember(teamId: string, userId: string): Promise<void> {
    await this.deleteApplicationRoles(teamId, userId);
    await this.#knex('team_members').where({ team_id: teamId, user_id: userId }).delete();
  }

  async findMember(teamId: string, userId: string): Promise<MemberRow | null> {
    const row = await this.#members(teamId).where('m.user_id', userId).first<MemberRow>(MEMBER_COLUMNS);
    return row ?? null;
  }

  listMembers(teamId: string, query: ListQuery): Promise<Page<MemberRow>> {
    return readPage<MemberRow>(this.#members(teamId), {
      query,
      sort: 'u.username',
      id: 'u.id',
      search: ['u.username', 'u.name'],
      cursorOf: (row) => [row.username, row.userId],
      select: (builder) => builder.select(MEMBER_COLUMNS),
    });
  }

  async countOwners(teamId: string): Promise<number> {
    const row = await this.#knex('team_members')
      .where({ team_id: teamId, role: 'owner' })
      .count({ n: '*' })
      .first();
    return Number(row?.n ?? 0);
  }

  /** Names of teams that would be left without an owner if this person went. */
  async teamsWithOnlyOwner(userId: string): Promise<string[]> {
    const rows = await this.#knex('team_members as m')
      .join('teams as t', 't.id', 'm.team_id')
      .where({ 'm.user_id': userId, 'm.role': 'owner' })
      .whereNotExists(
        this.#knex('team_members as o')
          .whereRaw('o.team_id = m.team_id')
          .where('o.role', 'owner')
          .whereNot('o.user_id', userId)
          .select('o.user_id'),
      )
      .select<Array<{ name: string }>>('t.name');
    return rows.map((row) => row.name);
  }

  #withRole(userId: string): Knex.QueryBuilder {
    return this.#knex('teams as t')
      .join('team_types as ty', 'ty.id', 't.team_type_id')
      .leftJoin('team_members as m', (join) => join.on('m.team_id', 't.id').andOnVal('m.user_id', userId))
      .whereNull('t.deleted_at');
  }

  #members(teamId: string): Knex.QueryBuilder {
    return this.#knex('team_members as m').join('users as u', 'u.id', 'm.user_id').where('m.team_id', teamId);
  }
}
