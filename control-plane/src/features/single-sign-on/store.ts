import type { Role } from '@flowyard/protocol';
import type { Knex } from 'knex';

/** Links between people and who they are at the provider, and what their groups gave them. */
export class SingleSignOnStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async findUserId(issuer: string, subject: string): Promise<string | null> {
    const row: { user_id: string } | undefined = await this.#knex('single_sign_on_links')
      .where({ issuer, subject })
      .first('user_id');
    return row?.user_id ?? null;
  }

  async link(issuer: string, subject: string, userId: string): Promise<void> {
    const linkedAt = new Date().toISOString();
    await this.#knex('single_sign_on_links').insert({
      issuer,
      subject,
      user_id: userId,
      linked_at: linkedAt,
    });
  }

  /** Whoever alone has that address. */
  async findUserIdByEmail(email: string): Promise<string | null> {
    const rows: Array<{ id: string }> = await this.#knex('users')
      .whereRaw('lower(email) = ?', [email.toLowerCase()])
      .limit(2)
      .select('id');
    return rows.length === 1 ? (rows[0]?.id ?? null) : null;
  }

  /** The teams of these slugs, without those in the recycle bin. */
  async teamsBySlug(slugs: string[]): Promise<Array<{ id: string; name: string; slug: string }>> {
    return this.#knex('teams')
      .whereIn('slug', slugs)
      .whereNull('deleted_at')
      .select<Array<{ id: string; name: string; slug: string }>>('id', 'name', 'slug');
  }

  async groupRoles(userId: string): Promise<Array<{ teamId: string; teamName: string; role: Role }>> {
    return this.#knex('group_roles as g')
      .join('teams as t', 't.id', 'g.team_id')
      .where('g.user_id', userId)
      .select<Array<{ teamId: string; teamName: string; role: Role }>>({
        teamId: 'g.team_id',
        teamName: 't.name',
        role: 'g.role',
      });
  }

  async setGroupRole(userId: string, teamId: string, role: Role): Promise<void> {
    await this.#knex('group_roles')
      .insert({ user_id: userId, team_id: teamId, role })
      .onConflict(['user_id', 'team_id'])
      .merge();
  }

  async deleteGroupRole(userId: string, teamId: string): Promise<void> {
    await this.#knex('group_roles').where({ user_id: userId, team_id: teamId }).delete();
  }

  async isAdminByGroup(userId: string): Promise<boolean> {
    const row: { admin_by_group: boolean | number } | undefined = await this.#knex('users')
      .where({ id: userId })
      .first('admin_by_group');
    return Boolean(row?.admin_by_group);
  }

  async setAdminByGroup(userId: string, byGroup: boolean): Promise<void> {
    await this.#knex('users').where({ id: userId }).update({ admin_by_group: byGroup });
  }
}
