import type { ListQuery, Page, SnapshotKind } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';
import { readUses, type SnapshotUse } from './snapshot-uses.ts';

export interface SnapshotRow {
  id: string;
  teamId: string;
  applicationId: string | null;
  instanceId: string | null;
  deviceId: string | null;
  ownerName: string;
  name: string;
  description: string;
  kind: SnapshotKind;
  author: string;
  /** JSON of a SnapshotManifest. */
  manifest: string;
  /** Why it has no lock file though it has modules, and what to do; null when it has one, or none is needed. */
  lockProblem: string | null;
  flows: number;
  nodes: number;
  /** Of which version of a blueprint it is; null when of none. */
  blueprintId: string | null;
  blueprintVersion: number | null;
  createdAt: string;
}

const COLUMNS = {
  id: 's.id',
  teamId: 's.team_id',
  applicationId: 's.application_id',
  instanceId: 's.instance_id',
  deviceId: 's.device_id',
  ownerName: 's.owner_name',
  name: 's.name',
  description: 's.description',
  kind: 's.kind',
  author: 's.author',
  manifest: 's.manifest',
  lockProblem: 's.lock_problem',
  flows: 's.flows',
  nodes: 's.nodes',
  blueprintId: 's.blueprint_id',
  blueprintVersion: 's.blueprint_version',
  createdAt: 's.created_at',
};

const DIGESTS = /sha256-[0-9a-f]{64}/g;

export class SnapshotStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(snapshot: SnapshotRow): Promise<void> {
    await this.#knex('snapshots').insert({
      id: snapshot.id,
      team_id: snapshot.teamId,
      application_id: snapshot.applicationId,
      instance_id: snapshot.instanceId,
      device_id: snapshot.deviceId,
      owner_name: snapshot.ownerName,
      name: snapshot.name,
      description: snapshot.description,
      kind: snapshot.kind,
      author: snapshot.author,
      manifest: snapshot.manifest,
      lock_problem: snapshot.lockProblem,
      flows: snapshot.flows,
      nodes: snapshot.nodes,
      blueprint_id: snapshot.blueprintId,
      blueprint_version: snapshot.blueprintVersion,
      created_at: snapshot.createdAt,
    });
    await this.#keepParts(snapshot.id, snapshot.manifest);
  }

  /** Whatever the manifest names is kept as long as the snapshot is. */
  async #keepParts(id: string, manifest: string): Promise<void> {
    const named = [...new Set(manifest.match(DIGESTS))];
    const parts = await this.#knex('blobs')
      .whereIn('digest', named)
      .select<Array<{ digest: string }>>('digest');
    if (parts.length > 0) {
      await this.#knex('snapshot_parts').insert(parts.map(({ digest }) => ({ snapshot_id: id, digest })));
    }
  }

  async find(id: string): Promise<SnapshotRow | null> {
    return (await this.#knex('snapshots as s').where('s.id', id).first<SnapshotRow>(COLUMNS)) ?? null;
  }

  async findMany(ids: string[]): Promise<Map<string, SnapshotRow>> {
    const rows = await this.#knex('snapshots as s').whereIn('s.id', ids).select<SnapshotRow[]>(COLUMNS);
    return new Map(rows.map((row) => [row.id, row]));
  }

  list(
    filter: { instance_id: string } | { device_id: string } | { application_id: string },
    query: ListQuery,
  ): Promise<Page<SnapshotRow>> {
    const [[column, value]] = Object.entries(filter) as [[string, string]];
    return readPage<SnapshotRow>(this.#knex('snapshots as s').where(`s.${column}`, value), {
      query,
      id: 's.id',
      order: 'desc',
      search: ['s.name', 's.description', 's.author'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
  }

  async newestOfInstance(instanceId: string): Promise<SnapshotRow | null> {
    const newest = this.#knex('snapshots as s').where('s.instance_id', instanceId).orderBy('s.id', 'desc');
    return (await newest.first<SnapshotRow>(COLUMNS)) ?? null;
  }

  async newestOfDevice(deviceId: string): Promise<SnapshotRow | null> {
    const newest = this.#knex('snapshots as s').where('s.device_id', deviceId).orderBy('s.id', 'desc');
    return (await newest.first<SnapshotRow>(COLUMNS)) ?? null;
  }

  /** Automatic snapshots of an instance, newest first. */
  async autoSnapshots(instanceId: string): Promise<string[]> {
    const rows = await this.#knex('snapshots')
      .where({ instance_id: instanceId, kind: 'auto' })
      .orderBy('id', 'desc')
      .select<Array<{ id: string }>>('id');
    return rows.map((row) => row.id);
  }

  async update(
    id: string,
    changes: { name?: string | undefined; description?: string | undefined },
  ): Promise<void> {
    const columns = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    if (Object.keys(columns).length > 0) {
      await this.#knex('snapshots').where({ id }).update(columns);
    }
  }

  async delete(id: string): Promise<void> {
    await this.#knex('snapshots').where({ id }).delete();
  }

  /** What holds on to a snapshot; empty when it may be deleted. */
  usesOf(id: string): Promise<SnapshotUse[]> {
    return readUses(this.#knex, id);
  }
}
