import type { Desired, DeviceListQuery, DeviceMode, DeviceState, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { selectAll, whereAmong } from '../../db/many.ts';
import { readPage } from '../../db/paging.ts';
import {
  DEVICE_COLUMNS,
  type DeviceRow,
  FOLLOWED_COLUMNS,
  type FollowedRow,
  joinAll,
  joinPlace,
  type KnownState,
  normalise,
  STATE_COLUMNS,
  type StoredDevice,
  TARGET_COLUMNS,
  type TargetRow,
} from './device-row.ts';
import type { WantedSnapshot } from './pushed-target.ts';
import { type Connected, type NewReport, storeConnected, storeReports } from './reports-store.ts';

/** Which devices to list. */
export type DeviceFilter =
  | { teamId: string; hidden: string[] }
  | { applicationId: string }
  | { instanceId: string }
  | { deviceGroupId: string };

/** What an agent reports of itself. */
export interface DeviceReport {
  state: DeviceState;
  step: string | null;
  progress: number | null;
  reason: string | null;
  currentGeneration: number;
  runningSnapshotId: string | null;
  failedSnapshotId: string | null;
  nodeRed: string | null;
  mode: DeviceMode;
  edited: boolean;
  /** JSON of FlowState. */
  flowState: string;
}

const BATCH = 500;

export class DeviceStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async insert(device: {
    id: string;
    teamId: string;
    applicationId: string | null;
    instanceId: string | null;
    deviceGroupId: string | null;
    name: string;
    type: string;
    tokenHash: string;
    credentialSecret: string;
    createdAt: string;
  }): Promise<void> {
    await this.#knex('devices').insert({
      id: device.id,
      team_id: device.teamId,
      application_id: device.applicationId,
      instance_id: device.instanceId,
      device_group_id: device.deviceGroupId,
      name: device.name,
      type: device.type,
      token_hash: device.tokenHash,
      credential_secret: device.credentialSecret,
      desired: 'running',
      state: 'idle',
      since: device.createdAt,
      created_at: device.createdAt,
    });
    await this.#knex('teams').where({ id: device.teamId }).increment('device_count', 1);
  }

  async find(id: string): Promise<DeviceRow | null> {
    const row = await this.#joined()
      .where('d.id', id)
      .whereNotIn('d.team_id', this.#deletedTeams())
      .first<StoredDevice>(DEVICE_COLUMNS);
    return row ? normalise(row) : null;
  }

  async findMany(ids: string[]): Promise<DeviceRow[]> {
    const rows = await this.#readMany<StoredDevice>(ids, joinAll, DEVICE_COLUMNS);
    return rows.map(normalise);
  }

  /** What their reports are compared with. */
  findStates(ids: string[]): Promise<KnownState[]> {
    return this.#readMany<KnownState>(ids, joinPlace, STATE_COLUMNS);
  }

  /** What their targets are made of. */
  findForTargets(ids: string[]): Promise<TargetRow[]> {
    return this.#readMany<TargetRow>(ids, joinPlace, TARGET_COLUMNS);
  }

  /** How pushes into them stand. */
  async findFollowed(ids: string[]): Promise<FollowedRow[]> {
    return (await this.#readMany<FollowedRow>(ids, joinPlace, FOLLOWED_COLUMNS)).map(followed);
  }

  /** The same of all devices of a group. */
  async findFollowedIn(deviceGroupId: string): Promise<FollowedRow[]> {
    const devices = this.#filtered({ deviceGroupId });
    return (await this.#readAll<FollowedRow>(devices, joinPlace, FOLLOWED_COLUMNS)).map(followed);
  }

  async #readMany<Row extends object>(
    ids: string[],
    join: (devices: Knex.QueryBuilder) => Knex.QueryBuilder,
    columns: Record<keyof Row & string, string>,
  ): Promise<Row[]> {
    const devices = whereAmong(this.#knex, this.#knex('devices as d'), 'd.id', ids);
    return ids.length === 0 ? [] : this.#readAll<Row>(devices, join, columns);
  }

  #readAll<Row extends object>(
    devices: Knex.QueryBuilder,
    join: (devices: Knex.QueryBuilder) => Knex.QueryBuilder,
    columns: Record<keyof Row & string, string>,
  ): Promise<Row[]> {
    const there = devices.whereNotIn('d.team_id', this.#deletedTeams());
    return selectAll<Row>(this.#knex, join(there), columns);
  }

  /** Whose token it is; an old one counts until its time is over. */
  async findIdByToken(tokenHash: string, now: string): Promise<string | null> {
    const row: { id: string } | undefined = await this.#knex('devices')
      .where((where) =>
        where
          .where({ token_hash: tokenHash })
          .orWhere((old) => old.where({ old_token_hash: tokenHash }).where('old_token_until', '>', now)),
      )
      .whereNotIn('team_id', this.#deletedTeams())
      .first('id');
    return row?.id ?? null;
  }

  async list(filter: DeviceFilter, query: DeviceListQuery): Promise<Page<DeviceRow>> {
    const labels = query.label?.split(',') ?? [];
    const wholeTeam =
      'teamId' in filter && filter.hidden.length === 0 && !query.search && labels.length === 0;
    const filtered = this.#filtered(filter);
    this.#labelled(filtered, labels);
    const page = await readPage<StoredDevice>(filtered, {
      query,
      ...(wholeTeam && { count: () => this.count(filter.teamId) }),
      sort: 'd.name',
      id: 'd.id',
      search: ['d.name', 'd.type'],
      cursorOf: (row) => [row.name, row.id],
      select: (builder) => joinAll(builder).select(DEVICE_COLUMNS),
    });
    return { ...page, items: page.items.map(normalise) };
  }

  /** All devices that a filter names, without paging. */
  async all(filter: DeviceFilter): Promise<DeviceRow[]> {
    const rows = await joinAll(this.#filtered(filter))
      .orderBy('d.name')
      .select<StoredDevice[]>(DEVICE_COLUMNS);
    return rows.map(normalise);
  }

  /** Those of all teams that are there. */
  async allOfAll(): Promise<DeviceRow[]> {
    const rows = await joinAll(this.#knex('devices as d').whereNotIn('d.team_id', this.#deletedTeams()))
      .orderBy('d.id')
      .select<StoredDevice[]>(DEVICE_COLUMNS);
    return rows.map(normalise);
  }

  async idsOf(filter: DeviceFilter): Promise<string[]> {
    const rows = await this.#filtered(filter).select<Array<{ id: string }>>('d.id');
    return rows.map((row) => row.id);
  }

  async count(teamId: string): Promise<number> {
    const row: { device_count: number } | undefined = await this.#knex('teams')
      .where({ id: teamId })
      .first('device_count');
    return row?.device_count ?? 0;
  }

  async update(id: string, changes: { name?: string | undefined; type?: string | undefined }): Promise<void> {
    const columns = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    if (Object.keys(columns).length > 0) {
      await this.#knex('devices').where({ id }).update(columns);
    }
  }

  async moveMany(
    ids: string[],
    to: {
      applicationId: string | null;
      instanceId: string | null;
      deviceGroupId: string | null;
      target: WantedSnapshot;
    },
  ): Promise<void> {
    await this.#updateMany(ids, {
      application_id: to.applicationId,
      instance_id: to.instanceId,
      device_group_id: to.deviceGroupId,
      target_snapshot_id: to.target.snapshotId,
      target_pushed: to.target.pushed,
      rollout_snapshot_id: null,
    });
  }

  async setLabels(ids: string[], labels: string[]): Promise<void> {
    await this.#updateMany(ids, { labels: JSON.stringify(labels) });
    const rows = ids.flatMap((id) => labels.map((label) => ({ device_id: id, label })));
    await this.#inBatches(ids, (batch) => this.#knex('device_labels').whereIn('device_id', batch).delete());
    await this.#inBatches(rows, (batch) => this.#knex('device_labels').insert(batch));
  }

  /** Those of an application that have all these labels. */
  async labelledIn(applicationId: string, labels: string[]): Promise<DeviceRow[]> {
    const devices = this.#joined().where('d.application_id', applicationId);
    this.#labelled(devices, labels);
    const rows = await devices.orderBy('d.name').select<StoredDevice[]>(DEVICE_COLUMNS);
    return rows.map(normalise);
  }

  /** Waits for whoever changes the device now. */
  async lock(id: string): Promise<void> {
    await this.#knex('devices').where({ id }).update({ id });
  }

  async setSettings(id: string, settings: string): Promise<void> {
    await this.#knex('devices').where({ id }).update({ settings });
  }

  async setGroup(ids: string[], deviceGroupId: string | null): Promise<void> {
    await this.#updateMany(ids, { device_group_id: deviceGroupId, rollout_snapshot_id: null });
  }

  async setTarget(ids: string[], { snapshotId, pushed }: WantedSnapshot): Promise<void> {
    await this.#updateMany(ids, { target_snapshot_id: snapshotId, target_pushed: pushed });
  }

  /**
   * What a deployment into their group tells them; null: the target of the group counts for them again. Those that
   * have left the group meanwhile stay as they are.
   */
  async setRolloutSnapshot(
    deviceGroupId: string,
    ids: readonly string[],
    snapshotId: string | null,
    retries: number,
  ): Promise<void> {
    const ofGroup = this.#knex('devices').where({ device_group_id: deviceGroupId });
    await whereAmong(this.#knex, ofGroup, 'id', ids).update({
      rollout_snapshot_id: snapshotId,
      generation: this.#knex.raw('generation + 1'),
      ...(retries > 0 && { retries: this.#knex.raw('retries + ?', [retries]) }),
    });
  }

  /** The target of the group counts for all its devices again. */
  async clearRollout(deviceGroupId: string): Promise<void> {
    await this.#knex('devices')
      .where({ device_group_id: deviceGroupId })
      .whereNotNull('rollout_snapshot_id')
      .update({ rollout_snapshot_id: null });
  }

  /** Devices of a group that were not told this snapshot by a deployment. */
  async idsNotTold(deviceGroupId: string, snapshotId: string): Promise<string[]> {
    const rows = await this.#knex('devices')
      .where({ device_group_id: deviceGroupId })
      .where((where) =>
        where.whereNull('rollout_snapshot_id').orWhereNot({ rollout_snapshot_id: snapshotId }),
      )
      .select<Array<{ id: string }>>('id');
    return rows.map((row) => row.id);
  }

  async setMode(
    id: string,
    to: { mode: DeviceMode; since: string | null; until: string | null; by: string | null },
  ): Promise<void> {
    await this.#knex('devices').where({ id }).update({
      mode: to.mode,
      developer_since: to.since,
      developer_until: to.until,
      developer_by: to.by,
    });
  }

  /** Devices whose developer mode was to end by that time. */
  async dueDeveloperModes(now: string, limit: number): Promise<string[]> {
    const rows = await this.#knex('devices')
      .where('developer_until', '<=', now)
      .limit(limit)
      .select<Array<{ id: string }>>('id');
    return rows.map((row) => row.id);
  }

  async setDesired(
    ids: string[],
    desired: Desired,
    add: { restarts: number; retries: number },
  ): Promise<void> {
    await this.#updateMany(ids, {
      desired,
      restarts: this.#knex.raw('restarts + ?', [add.restarts]),
      retries: this.#knex.raw('retries + ?', [add.retries]),
    });
  }

  /** Has them try again what they gave up. */
  async addRetry(ids: string[]): Promise<void> {
    await this.#updateMany(ids, { retries: this.#knex.raw('retries + 1') });
  }

  /** Their target has changed: its generation grows. */
  async bumpGeneration(ids: string[], retries: number): Promise<void> {
    await this.#updateMany(ids, {
      generation: this.#knex.raw('generation + 1'),
      ...(retries > 0 && { retries: this.#knex.raw('retries + ?', [retries]) }),
    });
  }

  /** Each device once. */
  async setOnline(devices: readonly Connected[]): Promise<void> {
    await storeConnected(this.#knex, devices);
  }

  async setOffline(ids: readonly string[], lastSeenAt: string): Promise<void> {
    await this.#updateMany(ids, { online: false, last_seen_at: lastSeenAt });
  }

  /** After a start nobody is connected yet. */
  async setAllOffline(): Promise<void> {
    await this.#knex('devices').where({ online: true }).update({ online: false });
  }

  /** Each device once. */
  async recordReports(reports: readonly NewReport[]): Promise<void> {
    await storeReports(this.#knex, reports);
  }

  /** All of one team. */
  async delete(ids: string[]): Promise<void> {
    await this.#inBatches(ids, async (batch) => {
      const team = this.#knex('devices')
        .where('id', batch[0] ?? '')
        .select('team_id');
      await this.#knex('teams').whereIn('id', team).decrement('device_count', batch.length);
      await this.#knex('devices').whereIn('id', batch).delete();
    });
  }

  /** The names of the pipelines in which devices are stages. */
  async stagesOfMany(ids: string[]): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    await this.#inBatches(ids, async (batch) => {
      const rows: Array<{ deviceId: string; name: string }> = await this.#knex('stages as s')
        .join('pipelines as p', 'p.id', 's.pipeline_id')
        .whereIn('s.device_id', batch)
        .select({ deviceId: 's.device_id', name: 'p.name' });
      for (const { deviceId, name } of rows) {
        found.set(deviceId, [...(found.get(deviceId) ?? []), name]);
      }
    });
    return found;
  }

  async #inBatches<T>(all: readonly T[], work: (batch: T[]) => PromiseLike<unknown>): Promise<void> {
    for (let start = 0; start < all.length; start += BATCH) {
      await work(all.slice(start, start + BATCH));
    }
  }

  async #updateMany(ids: readonly string[], columns: Record<string, unknown>): Promise<void> {
    if (ids.length > 0) {
      await whereAmong(this.#knex, this.#knex('devices'), 'id', ids).update(columns);
    }
  }

  #labelled(devices: Knex.QueryBuilder, labels: string[]): void {
    for (const label of labels) {
      devices.whereIn('d.id', this.#knex('device_labels').where({ label }).select('device_id'));
    }
  }

  #filtered(filter: DeviceFilter): Knex.QueryBuilder {
    const devices = this.#knex('devices as d');
    if ('teamId' in filter) {
      const inTeam = devices.where('d.team_id', filter.teamId);
      return filter.hidden.length === 0
        ? inTeam
        : inTeam.where((where) => this.#outside(where, filter.hidden));
    }
    if ('applicationId' in filter) {
      return devices.where((where) =>
        where
          .where('d.application_id', filter.applicationId)
          .orWhereIn(
            'd.instance_id',
            this.#knex('instances').where('application_id', filter.applicationId).select('id'),
          ),
      );
    }
    return 'instanceId' in filter
      ? devices.where('d.instance_id', filter.instanceId)
      : devices.where('d.device_group_id', filter.deviceGroupId);
  }

  #outside(where: Knex.QueryBuilder, applications: string[]): void {
    const hiddenInstances = this.#knex('instances').whereIn('application_id', applications).select('id');
    where
      .where((own) => own.whereNull('d.application_id').orWhereNotIn('d.application_id', applications))
      .andWhere((via) => via.whereNull('d.instance_id').orWhereNotIn('d.instance_id', hiddenInstances));
  }

  /** Their devices go on with what they run, and are nobody's meanwhile. */
  #deletedTeams(): Knex.QueryBuilder {
    return this.#knex('teams').whereNotNull('deleted_at').select('id');
  }

  #joined(): Knex.QueryBuilder {
    return joinAll(this.#knex('devices as d'));
  }
}

function followed(row: FollowedRow): FollowedRow {
  return { ...row, online: Boolean(row.online) };
}
