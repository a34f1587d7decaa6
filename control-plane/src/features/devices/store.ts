import type { Desired, DeviceMode, DeviceState, ListQuery, Page } from '@flowyard/protocol';
import type { Knex } from 'knex';
import { readPage } from '../../db/paging.ts';
import { DEVICE_COLUMNS, type DeviceRow, joinAll, normalise } from './device-row.ts';

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
      .first<DeviceRow>(DEVICE_COLUMNS);
    return row ? normalise(row) : null;
  }

  async findMany(ids: string[]): Promise<DeviceRow[]> {
    const rows: DeviceRow[] = [];
    for (let start = 0; start < ids.length; start += BATCH) {
      rows.push(
        ...(await this.#joined()
          .whereIn('d.id', ids.slice(start, start + BATCH))
          .whereNotIn('d.team_id', this.#deletedTeams())
          .select<DeviceRow[]>(DEVICE_COLUMNS)),
      );
    }
    return rows.map(normalise);
  }

  async findIdByToken(tokenHash: string): Promise<string | null> {
    const row: { id: string } | undefined = await this.#knex('devices')
      .where({ token_hash: tokenHash })
      .whereNotIn('team_id', this.#deletedTeams())
      .first('id');
    return row?.id ?? null;
  }

  async list(filter: DeviceFilter, query: ListQuery): Promise<Page<DeviceRow>> {
    const wholeTeam = 'teamId' in filter && filter.hidden.length === 0 && !query.search;
    const page = await readPage<DeviceRow>(this.#filtered(filter), {
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
    const rows = await joinAll(this.#filtered(filter)).orderBy('d.name').select<DeviceRow[]>(DEVICE_COLUMNS);
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

  async assign(
    id: string,
    assignment: { applicationId: string | null; instanceId: string | null; deviceGroupId: string | null },
  ): Promise<void> {
    await this.#knex('devices').where({ id }).update({
      application_id: assignment.applicationId,
      instance_id: assignment.instanceId,
      device_group_id: assignment.deviceGroupId,
    });
  }

  /** Waits for whoever changes the device now. */
  async lock(id: string): Promise<void> {
    await this.#knex('devices').where({ id }).update({ id });
  }

  async setSettings(id: string, settings: string): Promise<void> {
    await this.#knex('devices').where({ id }).update({ settings });
  }

  async setGroup(ids: string[], deviceGroupId: string | null): Promise<void> {
    for (let start = 0; start < ids.length; start += BATCH) {
      await this.#knex('devices')
        .whereIn('id', ids.slice(start, start + BATCH))
        .update({ device_group_id: deviceGroupId });
    }
  }

  async setTargetSnapshot(id: string, snapshotId: string | null): Promise<void> {
    await this.#knex('devices').where({ id }).update({ target_snapshot_id: snapshotId });
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

  async setDesired(id: string, desired: Desired, add: { restarts: number; retries: number }): Promise<void> {
    await this.#knex('devices')
      .where({ id })
      .update({
        desired,
        restarts: this.#knex.raw('restarts + ?', [add.restarts]),
        retries: this.#knex.raw('retries + ?', [add.retries]),
      });
  }

  /** Has them try again what they gave up. */
  async addRetry(ids: string[]): Promise<void> {
    for (let start = 0; start < ids.length; start += BATCH) {
      await this.#knex('devices')
        .whereIn('id', ids.slice(start, start + BATCH))
        .update({ retries: this.#knex.raw('retries + 1') });
    }
  }

  /** Their target has changed: its generation grows. */
  async bumpGeneration(ids: string[]): Promise<void> {
    for (let start = 0; start < ids.length; start += BATCH) {
      await this.#knex('devices')
        .whereIn('id', ids.slice(start, start + BATCH))
        .update({ generation: this.#knex.raw('generation + 1') });
    }
  }

  async setOnline(
    id: string,
    facts: {
      agentVersion: string;
      nodeJs: string;
      platform: string;
      clockSkewMs: number;
      lastSeenAt: string;
    },
  ): Promise<void> {
    await this.#knex('devices').where({ id }).update({
      online: true,
      agent_version: facts.agentVersion,
      node_js: facts.nodeJs,
      platform: facts.platform,
      clock_skew_ms: facts.clockSkewMs,
      last_seen_at: facts.lastSeenAt,
    });
  }

  async setOffline(id: string, lastSeenAt: string): Promise<void> {
    await this.#knex('devices').where({ id }).update({ online: false, last_seen_at: lastSeenAt });
  }

  /** After a start nobody is connected yet. */
  async setAllOffline(): Promise<void> {
    await this.#knex('devices').where({ online: true }).update({ online: false });
  }

  async recordReport(id: string, report: DeviceReport, since: string | null): Promise<void> {
    await this.#knex('devices')
      .where({ id })
      .update({
        state: report.state,
        step: report.step,
        progress: report.progress,
        reason: report.reason,
        current_generation: report.currentGeneration,
        running_snapshot_id: report.runningSnapshotId,
        failed_snapshot_id: report.failedSnapshotId,
        node_red: report.nodeRed,
        running_mode: report.mode,
        edited: report.edited,
        ...(since !== null && { since }),
      });
  }

  async delete(id: string): Promise<void> {
    const team = this.#knex('devices').where({ id }).select('team_id');
    await this.#knex('teams').whereIn('id', team).decrement('device_count', 1);
    await this.#knex('devices').where({ id }).delete();
  }

  async stagesOf(id: string): Promise<string[]> {
    const rows: Array<{ name: string }> = await this.#knex('stages as s')
      .join('pipelines as p', 'p.id', 's.pipeline_id')
      .where('s.device_id', id)
      .select('p.name');
    return rows.map((row) => row.name);
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
