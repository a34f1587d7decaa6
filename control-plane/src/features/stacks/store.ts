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
  /** False when it is not offered any more. */
  active: boolean;
  /** Came with the control plane. */
  bundled: boolean;
  /** The one that instances should move to. */
  replacedById: string | null;
  replacedByName: string | null;
  instances: number;
  /** Instances that are being moved to it or away from it. */
  moving: number;
}

/** What can be changed of a stack. */
export type StackChanges = Partial<Pick<StackRow, 'name' | 'active' | 'replacedById'>>;

export interface TemplateRow {
  id: string;
  name: string;
  description: string;
  default: boolean;
}

const TEMPLATE_COLUMNS = {
  id: 'l.id',
  name: 'l.name',
  description: 'l.description',
  default: 'l.is_default',
};

function withDefault<T extends { default: boolean }>(row: T): T {
  return { ...row, default: Boolean(row.default) };
}

/** What instances are made of besides their type: stacks and templates. */
export class CatalogueStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insertStack(stack: Omit<StackRow, 'instances' | 'moving' | 'replacedByName'>): Promise<void> {
    await this.#knex('stacks').insert({
      id: stack.id,
      name: stack.name,
      node_red: stack.nodeRed,
      node_js: stack.nodeJs,
      state: stack.state,
      detail: stack.detail,
      progress: stack.progress,
      is_default: stack.default,
      is_active: stack.active,
      is_bundled: stack.bundled,
      replaced_by: stack.replacedById,
    });
  }

  async changeStack(id: string, { name, active, replacedById }: StackChanges): Promise<void> {
    await this.#knex('stacks')
      .where({ id })
      .update({
        id,
        ...(name !== undefined && { name }),
        ...(active !== undefined && { is_active: active }),
        ...(replacedById !== undefined && { replaced_by: replacedById }),
      });
  }

  /** Whoever adds a stack, or makes another one the default, waits for others who do. There is always a default. */
  async lockStacks(): Promise<void> {
    await this.#knex('stacks').where({ is_default: true }).update({ is_default: true });
  }

  async makeStackDefault(id: string): Promise<void> {
    await this.#knex('stacks').update({ is_default: this.#knex.raw('id = ?', [id]) });
  }

  /** Also from what leads to it. */
  async deleteStack(id: string): Promise<void> {
    await this.#knex('stacks').where({ replaced_by: id }).update({ replaced_by: null });
    await this.#knex('stacks').where({ id }).delete();
  }

  async findStackByVersion(nodeRed: string, nodeJs: string | null): Promise<StackRow | null> {
    const row = await this.#knex('stacks as s')
      .where({ node_red: nodeRed, node_js: nodeJs })
      .first<StackRow>(this.#stackColumns());
    return row ? normaliseStack(row) : null;
  }

  async bundledStack(): Promise<StackRow | null> {
    const row = await this.#knex('stacks as s')
      .where('s.is_bundled', true)
      .first<StackRow>(this.#stackColumns());
    return row ? normaliseStack(row) : null;
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
      active: 's.is_active',
      bundled: 's.is_bundled',
      replacedById: 's.replaced_by',
      replacedByName: this.#knex('stacks as n').whereRaw('n.id = s.replaced_by').select('n.name'),
      instances: this.#knex('instances').whereRaw('stack_id = s.id').count('*'),
      moving: this.#knex('instance_changes')
        .whereNull('finished_at')
        .whereRaw('(from_stack_id = s.id or to_stack_id = s.id)')
        .count('*'),
    } as unknown as Record<string, string>;
  }
}

function normaliseStack(row: StackRow): StackRow {
  return {
    ...withDefault(row),
    active: Boolean(row.active),
    bundled: Boolean(row.bundled),
    instances: Number(row.instances),
    moving: Number(row.moving),
  };
}
