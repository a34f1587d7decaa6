import type { ListQuery, Page, SnapshotKind, SnapshotLabelCount } from '@flowyard/protocol';
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
  pinned: boolean;
  labels: string[];
  createdAt: string;
}
/** New ones are not pinned and have no labels. */
export type NewSnapshotRow = Omit<SnapshotRow, 'pinned' | 'labels'>;

/** What may change of a snapshot. */
export interface SnapshotChanges {
  name?: string | undefined;
  description?: string | undefined;
  pinned?: boolean | undefined;
  labels?: string[] | undefined;
}

/** Where snapshots are listed, by the column that says so. */
export type SnapshotPlace = { instance_id: string } | { device_id: string } | { application_id: string };

type StoredRow = Omit<SnapshotRow, 'labels'> & { labels: string };

function normalise(row: StoredRow): SnapshotRow {
  return { ...row, pinned: Boolean(row.pinned), labels: JSON.parse(row.labels) };
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
  pinned: 's.pinned',
  labels: 's.labels',
  createdAt: 's.created_at',
};

const DIGESTS = /sha256-[0-9a-f]{64}/g;

export class SnapshotStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(snapshot: NewSnapshotRow): Promise<void> {
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
    const parts = this.#knex('blobs')
      .whereIn('digest', named)
      .select(this.#knex.raw('?', [id]), 'digest');
    await this.#knex(this.#knex.raw('?? (??, ??)', ['snapshot_parts', 'snapshot_id', 'digest'])).insert(
      parts,
    );
  }

  async find(id: string): Promise<SnapshotRow | null> {
    return this.#first(this.#there().where('s.id', id));
  }

  async findMany(ids: string[]): Promise<Map<string, SnapshotRow>> {
    const rows = await this.#there().whereIn('s.id', ids).select<StoredRow[]>(COLUMNS);
    return new Map(rows.map((row) => [row.id, normalise(row)]));
  }

  /** The labels of all that were taken there, with how many have each. */
  async labels(filter: SnapshotPlace): Promise<SnapshotLabelCount[]> {
    const [[column, value]] = Object.entries(filter) as [[string, string]];
    const rows = await this.#there()
      .where(`s.${column}`, value)
      .whereNot('s.labels', '[]')
      .select<Array<{ labels: string }>>('s.labels');
    const counts = new Map<string, number>();
    for (const label of rows.flatMap(({ labels }) => JSON.parse(labels) as string[])) {
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    return [...counts]
      .map(([label, count]) => ({ label, count }))
      .sort((a, b) => a.label.localeCompare(b.label, 'en'));
  }

  /** The names of those of these that are there. */
  async namesOf(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = await this.#there()
      .whereIn('s.id', [...ids])
      .select<Array<{ id: string; name: string }>>('s.id', 's.name');
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  async list(
    filter: SnapshotPlace,
    query: ListQuery & { label?: string | undefined },
  ): Promise<Page<SnapshotRow>> {
    const [[column, value]] = Object.entries(filter) as [[string, string]];
    const found = this.#there().where(`s.${column}`, value);
    if (query.label !== undefined) {
      const label = JSON.stringify(query.label).replace(/[\\%_]/g, '\\$&');
      found.whereRaw(`?? like ? escape '\\'`, ['s.labels', `%${label}%`]);
    }
    const page = await readPage<StoredRow>(found, {
      query,
      id: 's.id',
      order: 'desc',
      search: ['s.name', 's.description', 's.author', 's.labels'],
      cursorOf: (row) => [row.id, row.id],
      select: (builder) => builder.select(COLUMNS),
    });
    return { ...page, items: page.items.map(normalise) };
  }

  newestOfInstance(instanceId: string): Promise<SnapshotRow | null> {
    return this.#first(this.#there().where('s.instance_id', instanceId).orderBy('s.id', 'desc'));
  }

  newestOfDevice(deviceId: string): Promise<SnapshotRow | null> {
    return this.#first(this.#there().where('s.device_id', deviceId).orderBy('s.id', 'desc'));
  }

  /** The newest one that somebody took or brought of an instance or device. */
  newestTaken({ kind, id }: { kind: string; id: string }): Promise<SnapshotRow | null> {
    return this.#first(
      this.#there()
        .where(kind === 'instance' ? 's.instance_id' : 's.device_id', id)
        .whereIn('s.kind', ['manual', 'import'])
        .orderBy('s.id', 'desc'),
    );
  }

  /** Automatic snapshots of an instance or device that are not pinned, newest first. */
  async automaticOf(owner: { instanceId: string } | { deviceId: string }): Promise<string[]> {
    const place =
      'instanceId' in owner ? { 's.instance_id': owner.instanceId } : { 's.device_id': owner.deviceId };
    const rows = await this.#there()
      .where({ ...place, 's.kind': 'auto', 's.pinned': false })
      .orderBy('s.id', 'desc')
      .select<Array<{ id: string }>>('s.id');
    return rows.map((row) => row.id);
  }

  async update(id: string, changes: SnapshotChanges): Promise<void> {
    const { labels, ...others } = changes;
    const all = { ...others, labels: labels && JSON.stringify(labels) };
    const columns = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    if (Object.keys(columns).length > 0) {
      await this.#knex('snapshots').where({ id }).update(columns);
    }
  }

  /** For good. */
  async delete(id: string): Promise<void> {
    await this.#knex('snapshots').where({ id }).delete();
  }

  /** What holds on to a snapshot; empty when it may be deleted. */
  usesOf(id: string): Promise<SnapshotUse[]> {
    return readUses(this.#knex, id);
  }

  /** Those that are not in the recycle bin. */
  #there(): Knex.QueryBuilder {
    return this.#knex('snapshots as s').whereNull('s.deleted_at');
  }

  async #first(found: Knex.QueryBuilder): Promise<SnapshotRow | null> {
    const row = await found.first<StoredRow>(COLUMNS);
    return row ? normalise(row) : null;
  }
}
