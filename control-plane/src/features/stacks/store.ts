import type { ListQuery, Page, StackState } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface StackRow {
  id: string;
  name: string;
  nodeRed: string;
  /** Null: the Node.js that runs the control plane. */
  nodeJs: string | null;
  state: StackState;
  detail: string | null;
  progress: number | null;
  default: boolean;
  instances: number;
}

export interface InstanceTypeRow {
  id: string;
  name: string;
  description: string;
  memoryMb: number;
  default: boolean;
}

export interface TemplateRow {
  id: string;
  name: string;
  description: string;
  default: boolean;
}

const TYPE_COLUMNS = {
  id: 'y.id',
  name: 'y.name',
  description: 'y.description',
  memoryMb: 'y.memory_mb',
  default: 'y.is_default',
};
const TEMPLATE_COLUMNS = {
  id: 'l.id',
  name: 'l.name',
  description: 'l.description',
  default: 'l.is_default',
};

function withDefault<T extends { default: boolean }>(row: T): T {
  return { ...row, default: Boolean(row.default) };
}

/** What instances are made of: stacks, instance types and templates. */
export class CatalogueStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insertStack(stack: Omit<StackRow, 'instances'>): Promise<void> {
    await this.#knex('stacks').insert({
      id: stack.id,
      name: stack.name,
      node_red: stack.nodeRed,
      node_js: stack.nodeJs,
      state: stack.state,
      detail: stack.detail,
      progress: stack.progress,
      is_default: stack.default,
    });
  }

  async updateStack(
    id: string,
    changes: { state: StackState; detail: string | null; progress: number | null },
  ): Promise<void> {
    await this.#knex('stacks').where({ id }).update(changes);
  }

  async setStackVersion(id: string, nodeRed: string): Promise<void> {
    await this.#knex('stacks').where({ id }).update({ node_red: nodeRed });
  }

  async findStack(id: string): Promise<StackRow | null> {
    const row = await this.#knex('stacks as s').where('s.id', id).first<StackRow>(this.#stackColumns());
    return row ? normaliseStack(row) : null;
  }

  async defaultStack(): Promise<StackRow | null> {
    const row = await this.#knex('stacks as s')
      .where('s.is_default', true)
      .first<StackRow>(this.#stackColumns());
    return row ? normaliseStack(row) : null;
  }

  async allStacks(): Promise<StackRow[]> {
    const rows = await this.#knex('stacks as s').orderBy('s.id').select<StackRow[]>(this.#stackColumns());
    return rows.map(normaliseStack);
  }

  async listStacks(query: ListQuery): Promise<Page<StackRow>> {
    const page = await readPage<StackRow>(this.#knex('stacks as s'), {
      query,
      id: 's.id',
      search: ['s.name', 's.node_red'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(this.#stackColumns()),
    });
    return { ...page, items: page.items.map(normaliseStack) };
  }

  async insertInstanceType(type: InstanceTypeRow): Promise<void> {
    await this.#knex('instance_types').insert({
      id: type.id,
      name: type.name,
      description: type.description,
      memory_mb: type.memoryMb,
      is_default: type.default,
    });
  }

  /** The one with that id, or without an id the default one. */
  async findInstanceType(id: string | undefined): Promise<InstanceTypeRow | null> {
    const types = this.#knex('instance_types as y');
    const wanted = id === undefined ? types.where('y.is_default', true) : types.where('y.id', id);
    return (await wanted.first<InstanceTypeRow>(TYPE_COLUMNS)) ?? null;
  }

  async listInstanceTypes(query: ListQuery): Promise<Page<InstanceTypeRow>> {
    const page = await readPage<InstanceTypeRow>(this.#knex('instance_types as y'), {
      query,
      id: 'y.id',
      search: ['y.name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(TYPE_COLUMNS),
    });
    return { ...page, items: page.items.map(withDefault) };
  }

  async insertTemplate(template: TemplateRow): Promise<void> {
    await this.#knex('templates').insert({
      id: template.id,
      name: template.name,
      description: template.description,
      is_default: template.default,
    });
  }

  /** The one with that id, or without an id the default one. */
  async findTemplate(id: string | undefined): Promise<TemplateRow | null> {
    const templates = this.#knex('templates as l');
    const wanted = id === undefined ? templates.where('l.is_default', true) : templates.where('l.id', id);
    return (await wanted.first<TemplateRow>(TEMPLATE_COLUMNS)) ?? null;
  }

  async listTemplates(query: ListQuery): Promise<Page<TemplateRow>> {
    const page = await readPage<TemplateRow>(this.#knex('templates as l'), {
      query,
      id: 'l.id',
      search: ['l.name'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(TEMPLATE_COLUMNS),
    });
    return { ...page, items: page.items.map(withDefault) };
  }

  #stackColumns() {
    return {
      id: 's.id',
      name: 's.name',
      nodeRed: 's.node_red',
      nodeJs: 's.node_js',
      state: 's.state',
      detail: 's.detail',
      progress: 's.progress',
      default: 's.is_default',
      instances: this.#knex('instances').whereRaw('stack_id = s.id').count('*'),
    } as unknown as Record<string, string>;
  }
}

function normaliseStack(row: StackRow): StackRow {
  return { ...withDefault(row), instances: Number(row.instances) };
}
