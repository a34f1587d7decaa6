import type { ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface TemplateRow {
  id: string;
  name: string;
  description: string;
  default: boolean;
  version: number;
  instances: number;
}

export interface TemplateVersionRow {
  version: number;
  /** JSON of TemplateContent. */
  content: string;
  author: string;
  note: string;
  createdAt: string;
}

/** An instance as far as its template concerns it. */
export interface TemplateUser {
  id: string;
  name: string;
  teamId: string;
  teamName: string;
  applicationId: string;
  applicationName: string;
  settings: string;
  modules: string;
  startedWith: string | null;
  /** When it went into the recycle bin, from which it may come back. */
  deletedAt: string | null;
}

const VERSION_COLUMNS = {
  version: 'v.version',
  content: 'v.content',
  author: 'v.author',
  note: 'v.note',
  createdAt: 'v.created_at',
};

function normalise(row: TemplateRow): TemplateRow {
  return { ...row, default: Boolean(row.default), instances: Number(row.instances) };
}

export class TemplateStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async list(query: ListQuery): Promise<Page<TemplateRow>> {
    const page = await readPage<TemplateRow>(this.#knex('templates as l'), {
      query,
      id: 'l.id',
      search: ['l.name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(this.#columns()),
    });
    return { ...page, items: page.items.map(normalise) };
  }

  async find(id: string): Promise<TemplateRow | null> {
    const row = await this.#knex('templates as l').where('l.id', id).first<TemplateRow>(this.#columns());
    return row ? normalise(row) : null;
  }

  /** Until the end of the transaction nobody else changes it, nor gives it to an instance. */
  async lock(id: string): Promise<void> {
    await this.#knex('templates').where({ id }).forUpdate().first('id');
  }

  async insert(template: Pick<TemplateRow, 'id' | 'name' | 'description'>): Promise<void> {
    await this.#knex('templates').insert({ ...template, is_default: false, version: 0 });
  }

  async update(id: string, changes: { name: string; description: string }): Promise<void> {
    await this.#knex('templates').where({ id }).update(changes);
  }

  async makeDefault(id: string): Promise<void> {
    await this.#knex('templates').update({ is_default: this.#knex.raw('id = ?', [id]) });
  }

  async delete(id: string): Promise<void> {
    await this.#knex('template_versions').where({ template_id: id }).delete();
    await this.#knex('templates').where({ id }).delete();
  }

  /** Adds a version, which is the newest from then on. */
  async addVersion(id: string, version: TemplateVersionRow): Promise<void> {
    await this.#knex('template_versions').insert({
      template_id: id,
      version: version.version,
      content: version.content,
      author: version.author,
      note: version.note,
      created_at: version.createdAt,
    });
    await this.#knex('templates').where({ id }).update({ version: version.version });
  }

  /** The newest version with its content; the content of a template that was never changed is null. */
  async newest(id: string): Promise<{ version: number; content: string | null } | null> {
    const row = await this.#knex('templates as l')
      .leftJoin('template_versions as v', (join) =>
        join.on('v.template_id', 'l.id').andOn('v.version', 'l.version'),
      )
      .where('l.id', id)
      .first<{ version: number; content: string | null }>({ version: 'l.version', content: 'v.content' });
    return row ?? null;
  }

  versions(id: string, query: ListQuery): Promise<Page<TemplateVersionRow>> {
    return readPage<TemplateVersionRow>(this.#knex('template_versions as v').where('v.template_id', id), {
      query,
      id: 'v.version',
      order: 'desc',
      search: ['v.note', 'v.author'],
      cursorOf: (row) => [String(row.version), String(row.version)],
      select: (builder) => builder.select(VERSION_COLUMNS),
    });
  }

  async findVersion(id: string, version: number): Promise<TemplateVersionRow | null> {
    const row = await this.#knex('template_versions as v')
      .where({ 'v.template_id': id, 'v.version': version })
      .first<TemplateVersionRow>(VERSION_COLUMNS);
    return row ?? null;
  }

  /** All instances that have the template, also those in the recycle bin, by name. */
  users(id: string): Promise<TemplateUser[]> {
    return this.#knex('instances as i')
      .join('applications as a', 'a.id', 'i.application_id')
      .join('teams as t', 't.id', 'i.team_id')
      .where('i.template_id', id)
      .orderBy('i.name')
      .select<TemplateUser[]>({
        id: 'i.id',
        name: 'i.name',
        teamId: 'i.team_id',
        teamName: 't.name',
        applicationId: 'i.application_id',
        applicationName: 'a.name',
        settings: 'i.settings',
        modules: 'i.modules',
        startedWith: 'i.started_with',
        deletedAt: 'i.deleted_at',
      });
  }

  /** Names of variables that instances with the template set themselves. */
  async variablesOfUsers(
    id: string,
  ): Promise<Map<string, Array<{ name: string; value: string; secret: boolean }>>> {
    const rows = await this.#knex('instance_variables as w')
      .join('instances as i', 'i.id', 'w.instance_id')
      .where('i.template_id', id)
      .orderBy('w.name')
      .select<Array<{ instanceId: string; name: string; value: string; secret: boolean }>>({
        instanceId: 'i.id',
        name: 'w.name',
        value: 'w.value',
        secret: 'w.secret',
      });
    const byInstance = new Map<string, Array<{ name: string; value: string; secret: boolean }>>();
    for (const { instanceId, name, value, secret } of rows) {
      const known = byInstance.get(instanceId) ?? [];
      known.push({ name, value, secret: Boolean(secret) });
      byInstance.set(instanceId, known);
    }
    return byInstance;
  }

  #columns() {
    return {
      id: 'l.id',
      name: 'l.name',
      description: 'l.description',
      default: 'l.is_default',
      version: 'l.version',
      instances: this.#knex('instances as i').whereRaw('i.template_id = l.id').count('*'),
    } as unknown as Record<string, string>;
  }
}
