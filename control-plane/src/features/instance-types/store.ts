import type { ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface InstanceTypeRow {
  id: string;
  name: string;
  description: string;
  memoryMb: number;
  /** In cores; null is no limit. */
  cpuLimit: number | null;
  price: number | null;
  position: number;
  default: boolean;
  active: boolean;
  /** The stacks it is offered with; empty is all. */
  stackIds: string[];
  instances: number;
  /** Instances that are being moved to it or away from it. */
  moving: number;
}

/** What can be changed of a type. */
export type InstanceTypeFields = Omit<InstanceTypeRow, 'id' | 'default' | 'instances' | 'moving'>;

type StoredRow = Omit<InstanceTypeRow, 'stackIds'>;

const COLUMNS = {
  id: 'y.id',
  name: 'y.name',
  description: 'y.description',
  memoryMb: 'y.memory_mb',
  cpuLimit: 'y.cpu_limit',
  price: 'y.price',
  position: 'y.position',
  default: 'y.is_default',
  active: 'y.is_active',
};

/** Sizes of hosted instances. */
export class InstanceTypeStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert({
    id,
    default: isDefault,
    ...fields
  }: Omit<InstanceTypeRow, 'instances' | 'moving'>): Promise<void> {
    await this.#knex('instance_types').insert({ id, is_default: isDefault, ...toColumns(fields) });
    await this.#setStacks(id, fields.stackIds);
  }

  async update(id: string, fields: InstanceTypeFields): Promise<void> {
    await this.#knex('instance_types').where({ id }).update(toColumns(fields));
    await this.#setStacks(id, fields.stackIds);
  }

  /** Whoever makes another type the default waits for others who do. */
  async lockDefault(): Promise<void> {
    await this.#knex('instance_types').where({ is_default: true }).update({ is_default: true });
  }

  async makeDefault(id: string): Promise<void> {
    await this.#knex('instance_types').update({ is_default: this.#knex.raw('id = ?', [id]) });
  }

  async delete(id: string): Promise<void> {
    await this.#knex('instance_types').where({ id }).delete();
  }

  /** The one with that id, or without an id the default one. */
  async find(id: string | undefined): Promise<InstanceTypeRow | null> {
    const types = this.#knex('instance_types as y');
    const wanted = id === undefined ? types.where('y.is_default', true) : types.where('y.id', id);
    const row = await wanted.first<StoredRow>(this.#columns());
    return row ? ((await this.#complete([row]))[0] ?? null) : null;
  }

  async list(query: ListQuery): Promise<Page<InstanceTypeRow>> {
    const page = await readPage<StoredRow>(this.#knex('instance_types as y'), {
      query,
      sort: 'y.position',
      id: 'y.id',
      search: ['y.name', 'y.description'],
      cursorOf: (row) => [String(row.position), row.id],
      select: (builder) => builder.select(this.#columns()),
    });
    return { ...page, items: await this.#complete(page.items) };
  }

  async #setStacks(id: string, stackIds: string[]): Promise<void> {
    await this.#knex('instance_type_stacks').where({ instance_type_id: id }).delete();
    if (stackIds.length > 0) {
      await this.#knex('instance_type_stacks').insert(
        stackIds.map((stackId) => ({ instance_type_id: id, stack_id: stackId })),
      );
    }
  }

  async #complete(rows: StoredRow[]): Promise<InstanceTypeRow[]> {
    const ids = rows.map((row) => row.id);
    const stacks: Array<{ typeId: string; stackId: string }> = await this.#knex('instance_type_stacks')
      .whereIn('instance_type_id', ids)
      .orderBy('stack_id')
      .select({ typeId: 'instance_type_id', stackId: 'stack_id' });
    return rows.map((row) => ({
      ...row,
      default: Boolean(row.default),
      active: Boolean(row.active),
      instances: Number(row.instances),
      moving: Number(row.moving),
      stackIds: stacks.filter(({ typeId }) => typeId === row.id).map(({ stackId }) => stackId),
    }));
  }

  #columns() {
    return {
      ...COLUMNS,
      instances: this.#knex('instances').whereRaw('instance_type_id = y.id').count('*'),
      moving: this.#knex('instance_changes')
        .whereNull('finished_at')
        .whereRaw('(from_type_id = y.id or to_type_id = y.id)')
        .count('*'),
    } as unknown as Record<string, string>;
  }
}

function toColumns({ memoryMb, cpuLimit, active, stackIds: _, ...fields }: InstanceTypeFields) {
  return { ...fields, memory_mb: memoryMb, cpu_limit: cpuLimit, is_active: active };
}
