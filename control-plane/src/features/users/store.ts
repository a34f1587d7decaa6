import type { ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface UserRow {
  id: string;
  username: string;
  name: string;
  email: string | null;
  passwordHash: string;
  admin: boolean;
  /** They cannot sign in, and their tokens do not work. */
  suspended: boolean;
  createdAt: string;
}

const COLUMNS = {
  id: 'u.id',
  username: 'u.username',
  name: 'u.name',
  email: 'u.email',
  passwordHash: 'u.password_hash',
  admin: 'u.is_admin',
  suspended: 'u.suspended',
  createdAt: 'u.created_at',
};

function normalise(row: UserRow): UserRow {
  return { ...row, admin: Boolean(row.admin), suspended: Boolean(row.suspended) };
}

export class UserStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(user: UserRow): Promise<void> {
    await this.#knex('users').insert({
      id: user.id,
      username: user.username,
      name: user.name,
      email: user.email,
      password_hash: user.passwordHash,
      is_admin: user.admin,
      created_at: user.createdAt,
    });
  }

  async find(id: string): Promise<UserRow | null> {
    const row = await this.#knex('users as u').where('u.id', id).first<UserRow>(COLUMNS);
    return row ? normalise(row) : null;
  }

  /** Makes changes to what belongs to a person wait for each other. */
  async lock(id: string): Promise<void> {
    await this.#knex('users').where({ id }).forUpdate().first('id');
  }

  async findByUsername(username: string): Promise<UserRow | null> {
    const row = await this.#knex('users as u').where('u.username', username).first<UserRow>(COLUMNS);
    return row ? normalise(row) : null;
  }

  /** By user name, or by e-mail address where exactly one person has it. */
  async findByLogin(login: string): Promise<UserRow | null> {
    const wanted = login.trim().toLowerCase();
    const rows = await this.#knex('users as u')
      .where('u.username', wanted)
      .orWhereRaw('lower(u.email) = ?', [wanted])
      .limit(3)
      .select<UserRow[]>(COLUMNS);
    const byName = rows.find((row) => row.username === wanted);
    const row = byName ?? (rows.length === 1 ? rows[0] : undefined);
    return row ? normalise(row) : null;
  }

  async any(): Promise<boolean> {
    return (await this.#knex('users').first('id')) !== undefined;
  }

  async update(
    id: string,
    changes: {
      [K in 'name' | 'email' | 'passwordHash' | 'admin' | 'suspended']?: UserRow[K] | undefined;
    },
  ): Promise<void> {
    const columns = {
      ...(changes.name !== undefined && { name: changes.name }),
      ...(changes.email !== undefined && { email: changes.email }),
      ...(changes.admin !== undefined && { is_admin: changes.admin }),
      ...(changes.suspended !== undefined && { suspended: changes.suspended }),
      ...(changes.passwordHash !== undefined && { password_hash: changes.passwordHash }),
    };
    if (Object.keys(columns).length > 0) {
      await this.#knex('users').where({ id }).update(columns);
    }
    if (changes.passwordHash !== undefined) {
      // A link to a new password must not outlive the next one.
      await this.#knex('password_resets').where({ user_id: id }).delete();
    }
  }

  /** Keeps others from changing who is an administrator until this transaction ends. */
  async lockAdministrators(): Promise<void> {
    await this.#knex('users').where({ is_admin: true }).orderBy('id').forUpdate().select('id');
  }

  /** Those who can sign in. */
  async countAdministrators(): Promise<number> {
    const row = await this.#knex('users')
      .where({ is_admin: true, suspended: false })
      .count({ n: '*' })
      .first();
    return Number(row?.n ?? 0);
  }

  async delete(id: string): Promise<void> {
    await this.#knex('users').where({ id }).delete();
  }

  async list(query: ListQuery): Promise<Page<UserRow>> {
    const page = await readPage<UserRow>(this.#knex('users as u'), {
      query,
      sort: 'u.username',
      id: 'u.id',
      search: ['u.username', 'u.name', 'u.email'],
      cursorOf: (row) => [row.username, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
    return { ...page, items: page.items.map(normalise) };
  }
}
