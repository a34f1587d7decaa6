import type { InstanceChangeState, ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';

export interface InstanceChangeRow {
  id: string;
  instanceId: string;
  instanceName: string;
  teamId: string;
  applicationId: string;
  kind: 'change' | 'trial';
  state: InstanceChangeState;
  batchId: string | null;
  fromStackId: string;
  fromStack: string;
  fromTypeId: string;
  fromType: string;
  toStackId: string;
  toStack: string;
  toTypeId: string;
  toType: string;
  /** How the instance was before. */
  stateBefore: string | null;
  /** The count of restarts for which the process that is watched was started. */
  restarts: number | null;
  /** Since when that process is waited for. */
  switchedAt: string | null;
  message: string | null;
  /** JSON of lines. */
  log: string | null;
  snapshotId: string | null;
  snapshotName: string | null;
  authorId: string;
  author: string;
  createdAt: string;
  finishedAt: string | null;
}

export type NewInstanceChange = Omit<
  InstanceChangeRow,
  | 'instanceName'
  | 'teamId'
  | 'applicationId'
  | 'message'
  | 'log'
  | 'snapshotId'
  | 'snapshotName'
  | 'finishedAt'
>;

/** What a step of a change writes down. */
export type ChangeProgress = { state: InstanceChangeState } & Partial<
  Pick<
    InstanceChangeRow,
    'stateBefore' | 'restarts' | 'switchedAt' | 'message' | 'log' | 'snapshotId' | 'finishedAt'
  >
>;

const STORED = {
  id: 'id',
  instanceId: 'instance_id',
  kind: 'kind',
  state: 'state',
  batchId: 'batch_id',
  fromStackId: 'from_stack_id',
  fromStack: 'from_stack',
  fromTypeId: 'from_type_id',
  fromType: 'from_type',
  toStackId: 'to_stack_id',
  toStack: 'to_stack',
  toTypeId: 'to_type_id',
  toType: 'to_type',
  stateBefore: 'state_before',
  restarts: 'restarts',
  switchedAt: 'switched_at',
  message: 'message',
  log: 'log',
  snapshotId: 'snapshot_id',
  authorId: 'author_id',
  author: 'author',
  createdAt: 'created_at',
  finishedAt: 'finished_at',
} as const;

const COLUMNS: Record<string, string> = {
  ...Object.fromEntries(Object.entries(STORED).map(([key, column]) => [key, `c.${column}`])),
  instanceName: 'i.name',
  teamId: 'i.team_id',
  applicationId: 'i.application_id',
  snapshotName: 's.name',
};

function toColumns(values: object): Record<string, unknown> {
  const columns: Record<string, string> = STORED;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [columns[key] ?? key, value]));
}

/** Changes of the stack or type of instances. */
export class InstanceChangeStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(change: NewInstanceChange): Promise<void> {
    await this.#knex('instance_changes').insert(toColumns(change));
  }

  async find(id: string): Promise<InstanceChangeRow | null> {
    return (await this.#joined().where('c.id', id).first<InstanceChangeRow>(COLUMNS)) ?? null;
  }

  findMany(ids: string[]): Promise<InstanceChangeRow[]> {
    return this.#joined().whereIn('c.id', ids).orderBy('c.id').select<InstanceChangeRow[]>(COLUMNS);
  }

  list(instanceId: string, query: ListQuery): Promise<Page<InstanceChangeRow>> {
    return readPage<InstanceChangeRow>(this.#joined().where('c.instance_id', instanceId), {
      query,
      id: 'c.id',
      order: 'desc',
      search: ['c.to_stack', 'c.to_type', 'c.author'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
  }

  /** The one that is under way for an instance. */
  async unfinishedOf(instanceId: string): Promise<InstanceChangeRow | null> {
    const unfinished = this.#joined().where('c.instance_id', instanceId).whereNull('c.finished_at');
    return (await unfinished.first<InstanceChangeRow>(COLUMNS)) ?? null;
  }

  async unfinishedIds(): Promise<string[]> {
    const rows = await this.#knex('instance_changes')
      .whereNull('finished_at')
      .orderBy('id')
      .select<Array<{ id: string }>>('id');
    return rows.map((row) => row.id);
  }

  /** Whether another one of its batch comes first. */
  async hasEarlier(change: InstanceChangeRow): Promise<boolean> {
    if (change.batchId === null) {
      return false;
    }
    const earlier: object | undefined = await this.#knex('instance_changes')
      .where({ batch_id: change.batchId })
      .whereNull('finished_at')
      .where('id', '<', change.id)
      .first('id');
    return earlier !== undefined;
  }

  /** Takes a step, if the change is still in one of these states. */
  async advance(
    id: string,
    from: readonly InstanceChangeState[],
    progress: ChangeProgress,
  ): Promise<boolean> {
    const changed = await this.#knex('instance_changes')
      .where({ id })
      .whereIn('state', [...from])
      .update(toColumns(progress));
    return changed === 1;
  }

  #joined(): Knex.QueryBuilder {
    return this.#knex('instance_changes as c')
      .join('instances as i', 'i.id', 'c.instance_id')
      .leftJoin('snapshots as s', 's.id', 'c.snapshot_id');
  }
}
