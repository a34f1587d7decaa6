import type { ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';
import type { WantedSnapshot } from '../devices/pushed-target.ts';
import type { RuleGroup } from './label-rule.ts';

/** A group by itself, without its devices. */
export interface DeviceGroupHead {
  id: string;
  applicationId: string;
  name: string;
  description: string;
  /** Labels of the devices that belong to it; null when people choose them. */
  rule: string[] | null;
  /** As JSON. */
  settings: string;
  targetSnapshotId: string | null;
  targetSnapshotName: string | null;
  /** Whether a push brought it, and no values of variables with it. */
  targetPushed: boolean;
  createdAt: string;
}

export interface DeviceGroupRow extends DeviceGroupHead {
  devices: number;
  onTarget: number;
  online: number;
}

type Stored<Group> = Omit<Group, 'rule'> & { rule: string | null };
type StoredGroup = Stored<DeviceGroupRow>;

const HEAD_COLUMNS = {
  id: 'g.id',
  applicationId: 'g.application_id',
  name: 'g.name',
  description: 'g.description',
  rule: 'g.rule',
  settings: 'g.settings',
  targetSnapshotId: 'g.target_snapshot_id',
  targetSnapshotName: 'ts.name',
  targetPushed: 'g.target_pushed',
  createdAt: 'g.created_at',
};

export class DeviceGroupStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(group: {
    id: string;
    applicationId: string;
    name: string;
    description: string;
    rule: string[] | null;
    createdAt: string;
  }) {
    await this.#knex('device_groups').insert({
      id: group.id,
      application_id: group.applicationId,
      name: group.name,
      description: group.description,
      rule: group.rule === null ? null : JSON.stringify(group.rule),
      created_at: group.createdAt,
    });
  }

  async find(id: string): Promise<DeviceGroupRow | null> {
    const row = await this.#joined().where('g.id', id).first<StoredGroup>(this.#columns());
    return row ? normalise(row) : null;
  }

  /** Counting the devices of a group takes long when they are many. */
  async findHead(id: string): Promise<DeviceGroupHead | null> {
    const row = await this.#joined().where('g.id', id).first<Stored<DeviceGroupHead>>(HEAD_COLUMNS);
    return row ? headOf(row) : null;
  }

  async findMany(ids: string[]): Promise<DeviceGroupRow[]> {
    const rows = await this.#joined().whereIn('g.id', ids).select<StoredGroup[]>(this.#columns());
    return rows.map(normalise);
  }

  async list(applicationId: string, query: ListQuery): Promise<Page<DeviceGroupRow>> {
    const page = await readPage<StoredGroup>(this.#joined().where('g.application_id', applicationId), {
      query,
      sort: 'g.name',
      id: 'g.id',
      search: ['g.name', 'g.description'],
      cursorOf: (row) => [row.name, row.id],
      select: (builder) => builder.select(this.#columns()),
    });
    return { ...page, items: page.items.map(normalise) };
  }

  async update(
    id: string,
    changes: {
      name?: string | undefined;
      description?: string | undefined;
      rule?: string[] | null | undefined;
    },
  ): Promise<void> {
    const { rule, ...texts } = changes;
    const columns = Object.fromEntries(
      Object.entries({ ...texts, rule: rule ? JSON.stringify(rule) : rule }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    if (Object.keys(columns).length > 0) {
      await this.#knex('device_groups').where({ id }).update(columns);
    }
  }

  async setTarget(id: string, { snapshotId, pushed }: WantedSnapshot): Promise<void> {
    await this.#knex('device_groups')
      .where({ id })
      .update({ target_snapshot_id: snapshotId, target_pushed: pushed });
  }

  /** Waits for whoever changes the group now. */
  async lock(id: string): Promise<void> {
    await this.#knex('device_groups').where({ id }).update({ id });
  }

  async setSettings(id: string, settings: string): Promise<void> {
    await this.#knex('device_groups').where({ id }).update({ settings });
  }

  async delete(id: string): Promise<void> {
    await this.#knex('device_groups').where({ id }).delete();
  }

  /** The groups of applications that take their devices by labels. */
  async rulesOf(...applicationIds: string[]): Promise<RuleGroup[]> {
    const rows: Array<Omit<RuleGroup, 'rule'> & { rule: string }> = await this.#joined()
      .whereIn('g.application_id', applicationIds)
      .whereNotNull('g.rule')
      .orderBy('g.name')
      .select({
        id: 'g.id',
        name: 'g.name',
        applicationId: 'g.application_id',
        targetSnapshotId: 'g.target_snapshot_id',
        targetSnapshotName: 'ts.name',
        rule: 'g.rule',
      });
    return rows.map((row) => ({ ...row, rule: JSON.parse(row.rule) as string[] }));
  }

  async pipelinesOf(id: string): Promise<string[]> {
    const rows: Array<{ name: string }> = await this.#knex('stages as s')
      .join('pipelines as p', 'p.id', 's.pipeline_id')
      .where('s.device_group_id', id)
      .select('p.name');
    return rows.map((row) => row.name);
  }

  #joined(): Knex.QueryBuilder {
    return this.#knex('device_groups as g').leftJoin('snapshots as ts', 'ts.id', 'g.target_snapshot_id');
  }

  #columns() {
    const members = () => this.#knex('devices as d').whereRaw('d.device_group_id = g.id');
    return {
      ...HEAD_COLUMNS,
      devices: members().count('*'),
      online: members().where('d.online', true).count('*'),
      onTarget: members()
        .whereRaw(
          'd.running_snapshot_id = coalesce(d.target_snapshot_id, d.rollout_snapshot_id, g.target_snapshot_id)',
        )
        .count('*'),
    } as unknown as Record<string, string>;
  }
}

function headOf<Group extends Stored<DeviceGroupHead>>(row: Group) {
  const rule = row.rule === null ? null : (JSON.parse(row.rule) as string[]);
  return { ...row, rule, targetPushed: Boolean(row.targetPushed) };
}

function normalise(row: StoredGroup): DeviceGroupRow {
  return {
    ...headOf(row),
    devices: Number(row.devices),
    online: Number(row.online),
    onTarget: Number(row.onTarget),
  };
}
