import type { Knex } from 'knex';
import { isPostgres } from '../../db/dialect.ts';
import type { DeviceRow } from './device-row.ts';

/** A device that people are to be told of. */
export interface WatchedDevice {
  id: string;
  name: string;
  teamId: string;
  applicationId: string | null;
  applicationName: string | null;
}

export type HostToldDevice = WatchedDevice &
  Pick<DeviceRow, 'settings' | 'groupSettings'> & { told: boolean };

const COLUMNS = {
  id: 'd.id',
  name: 'd.name',
  teamId: 'd.team_id',
  applicationId: 'a.id',
  applicationName: 'a.name',
};
const BATCH = 500;

/** The texts of a JSON object that is given as a parameter, one row for each of its keys. */
function eachText(knex: Knex): string {
  return isPostgres(knex) ? 'json_each_text(?::json)' : 'json_each(?)';
}

/** Which devices are away or off their target, and whether people know. */
export class DeviceWatchStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Devices that were last seen before that time, and nobody was told. */
  async newlyAway(seenBefore: string, limit: number): Promise<WatchedDevice[]> {
    return this.#placed()
      .where({ 'd.online': false, 'd.offline_told': false })
      .whereNotNull('d.last_seen_at')
      .where('d.last_seen_at', '<', seenBefore)
      .orderBy('d.id')
      .limit(limit)
      .select<WatchedDevice[]>(COLUMNS);
  }

  /** @returns those of which people had been told that they are away */
  async clearAway(ids: readonly string[]): Promise<string[]> {
    const told: string[] = [];
    for (let start = 0; start < ids.length; start += BATCH) {
      const away = this.#knex('devices')
        .where({ offline_told: true })
        .whereIn('id', ids.slice(start, start + BATCH));
      told.push(...(await away.clone().select<Array<{ id: string }>>('id')).map(({ id }) => id));
      await away.update({ offline_told: false });
    }
    return told;
  }

  /** Notes since when devices are off their target, and which are back on it; those are returned. */
  async noteDrift(now: string): Promise<string[]> {
    const drifting = this.#drifting().select('d.id');
    await this.#knex('devices').whereIn('id', drifting).whereNull('drift_since').update({ drift_since: now });
    const back = await this.#knex('devices')
      .whereNotNull('drift_since')
      .whereNotIn('id', this.#drifting().select('d.id'))
      .select<Array<{ id: string; drift_told: boolean }>>('id', 'drift_told');
    for (let start = 0; start < back.length; start += BATCH) {
      const ids = back.slice(start, start + BATCH).map(({ id }) => id);
      await this.#knex('devices').whereIn('id', ids).update({ drift_since: null, drift_told: false });
    }
    return back.filter(({ drift_told }) => Boolean(drift_told)).map(({ id }) => id);
  }

  /** Devices that have been off their target since before that time, and nobody was told. */
  async newlyDrifted(driftBefore: string, limit: number): Promise<WatchedDevice[]> {
    return this.#placed()
      .where({ 'd.online': true, 'd.drift_told': false })
      .where('d.drift_since', '<', driftBefore)
      .orderBy('d.id')
      .limit(limit)
      .select<WatchedDevice[]>(COLUMNS);
  }

  async setTold(ids: string[], what: 'offline_told' | 'drift_told'): Promise<void> {
    for (let start = 0; start < ids.length; start += BATCH) {
      await this.#knex('devices')
        .whereIn('id', ids.slice(start, start + BATCH))
        .update({ [what]: true });
    }
  }

  /** What machines told, as JSON by device: one statement for all. */
  async setHosts(hosts: ReadonlyMap<string, string>): Promise<void> {
    await this.#knex.raw(
      `update devices set host = told.value from ${eachText(this.#knex)} as told where devices.id = told.key`,
      [JSON.stringify(Object.fromEntries(hosts))],
    );
  }

  /** Which of these devices' people were told that something is wrong with their machines, and their settings. */
  async hostsTold(ids: string[]): Promise<HostToldDevice[]> {
    const found: HostToldDevice[] = [];
    for (let start = 0; start < ids.length; start += BATCH) {
      const rows = await this.#placed()
        .whereIn('d.id', ids.slice(start, start + BATCH))
        .leftJoin('device_groups as g', 'g.id', 'd.device_group_id')
        .select<HostToldDevice[]>({
          ...COLUMNS,
          told: 'd.host_told',
          settings: 'd.settings',
          groupSettings: 'g.settings',
        });
      found.push(...rows.map((row) => ({ ...row, told: Boolean(row.told) })));
    }
    return found;
  }

  async setHostTold(id: string, told: boolean): Promise<void> {
    await this.#knex('devices').where({ id }).update({ host_told: told });
  }

  /** By the same rule as `deviceStatus` of the protocol, for all devices at once. */
  #drifting(): Knex.QueryBuilder {
    return this.#knex('devices as d')
      .leftJoin('instances as i', 'i.id', 'd.instance_id')
      .leftJoin('device_groups as g', 'g.id', 'd.device_group_id')
      .where({ 'd.online': true, 'd.state': 'running', 'd.mode': 'fleet' })
      .whereRaw(
        `coalesce(d.target_snapshot_id, d.rollout_snapshot_id, g.target_snapshot_id, i.target_snapshot_id) <> coalesce(d.running_snapshot_id, '')`,
      );
  }

  #placed(): Knex.QueryBuilder {
    return this.#knex('devices as d')
      .leftJoin('instances as i', 'i.id', 'd.instance_id')
      .joinRaw('left join applications as a on a.id = coalesce(d.application_id, i.application_id)');
  }
}
