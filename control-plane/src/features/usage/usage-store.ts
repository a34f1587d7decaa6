import type { Knex } from 'knex';
import { newId } from '../../ids.ts';

/** A time in which an instance ran, with what it cost then. */
export interface RunningInterval {
  id: string;
  instanceId: string;
  instance: string;
  teamId: string;
  applicationId: string;
  application: string;
  typeId: string;
  type: string;
  /** For a month. */
  price: number | null;
  startedAt: string;
  seenAt: string;
  endedAt: string | null;
}

export interface DeviceDays {
  applicationId: string | null;
  application: string | null;
  price: number | null;
  days: number;
}

const COLUMNS = {
  id: 'v.id',
  instanceId: 'v.instance_id',
  instance: 'v.instance',
  teamId: 'v.team_id',
  applicationId: 'v.application_id',
  application: 'v.application',
  typeId: 'v.type_id',
  type: 'v.type',
  price: 'v.price',
  startedAt: 'v.started_at',
  seenAt: 'v.seen_at',
  endedAt: 'v.ended_at',
};
const BATCH = 500;

/** What was measured of instances and devices, for reports. */
export class UsageStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  /** Begins an interval with the place, type and price that an instance has now. */
  async begin(instanceId: string, at: string): Promise<void> {
    const now = await this.#knex('instances as i')
      .join('applications as a', 'a.id', 'i.application_id')
      .join('instance_types as y', 'y.id', 'i.instance_type_id')
      .where('i.id', instanceId)
      .first({
        instance: 'i.name',
        team_id: 'i.team_id',
        application_id: 'i.application_id',
        application: 'a.name',
        type_id: 'y.id',
        type: 'y.name',
        price: 'y.price',
      });
    if (now !== undefined) {
      await this.#knex('running_intervals')
        .insert({ id: newId(), instance_id: instanceId, ...now, started_at: at, seen_at: at })
        .onConflict()
        .ignore();
    }
  }

  /** Ends the interval of an instance, if one is open. */
  async end(instanceId: string, at: string): Promise<void> {
    await this.#knex('running_intervals')
      .where({ instance_id: instanceId })
      .whereNull('ended_at')
      .update({ ended_at: at, seen_at: at });
  }

  /** Ends it when the instance was last seen running: what happened since then is not known. */
  async endAsSeen(instanceId: string): Promise<void> {
    await this.#knex('running_intervals')
      .where({ instance_id: instanceId })
      .whereNull('ended_at')
      .update({ ended_at: this.#knex.ref('seen_at') });
  }

  async seen(instanceIds: string[], at: string): Promise<void> {
    for (let start = 0; start < instanceIds.length; start += BATCH) {
      await this.#knex('running_intervals')
        .whereIn('instance_id', instanceIds.slice(start, start + BATCH))
        .whereNull('ended_at')
        .update({ seen_at: at });
    }
  }

  /** Open intervals, and whether the instance is elsewhere or of another price meanwhile, or gone. */
  async open(): Promise<Array<{ instanceId: string; changed: boolean; gone: boolean }>> {
    const rows = await this.#knex('running_intervals as v')
      .leftJoin('instances as i', 'i.id', 'v.instance_id')
      .leftJoin('instance_types as y', 'y.id', 'i.instance_type_id')
      .whereNull('v.ended_at')
      .select({
        ...COLUMNS,
        foundId: 'i.id',
        nowTeam: 'i.team_id',
        nowApplication: 'i.application_id',
        nowType: 'i.instance_type_id',
        nowPrice: 'y.price',
      });
    return rows.map((row) => ({
      instanceId: row.instanceId,
      gone: row.foundId === null,
      changed:
        row.nowTeam !== row.teamId ||
        row.nowApplication !== row.applicationId ||
        row.nowType !== row.typeId ||
        row.nowPrice !== row.price,
    }));
  }

  /** Intervals that reach into a time. */
  intervals(teamId: string, from: string, to: string): Promise<RunningInterval[]> {
    return this.#knex('running_intervals as v')
      .where('v.team_id', teamId)
      .where('v.started_at', '<', to)
      .where('v.seen_at', '>', from)
      .orderBy(['v.application', 'v.instance', 'v.started_at'])
      .select<RunningInterval[]>(COLUMNS);
  }

  /** Notes the devices that there are on a day, each once, with the price that a team pays for them. */
  async countDevices(teamId: string, day: string, price: number | null): Promise<void> {
    const devices = this.#knex('devices as d')
      .leftJoin('instances as i', 'i.id', 'd.instance_id')
      .leftJoin('applications as a', (join) =>
        join.on('a.id', this.#knex.raw('coalesce(d.application_id, i.application_id)')),
      )
      .where('d.team_id', teamId)
      .whereNotExists(
        this.#knex('device_days as v').whereRaw('v.device_id = d.id').where('v.day', day).select('v.day'),
      )
      .select<Array<Record<string, string | null>>>({
        device_id: 'd.id',
        application_id: 'a.id',
        application: 'a.name',
      });
    const rows = (await devices).map((device) => ({ ...device, team_id: teamId, day, price }));
    for (let start = 0; start < rows.length; start += BATCH / 5) {
      await this.#knex('device_days')
        .insert(rows.slice(start, start + BATCH / 5))
        .onConflict(['device_id', 'day'])
        .ignore();
    }
  }

  /** Days of devices from one day to before another, by application and price. */
  async deviceDays(teamId: string, from: string, to: string): Promise<DeviceDays[]> {
    const rows = await this.#knex('device_days')
      .where({ team_id: teamId })
      .where('day', '>=', from)
      .where('day', '<', to)
      .groupBy('application_id', 'price')
      .orderByRaw('max(application)')
      .select({
        applicationId: 'application_id',
        application: this.#knex.raw('max(application)'),
        price: 'price',
        days: this.#knex.raw('count(*)'),
      });
    return rows.map((row) => ({ ...row, days: Number(row.days) }));
  }

  /** Every team with its type, for what is counted and reported of all. */
  teams(): Promise<Array<{ id: string; name: string; teamTypeId: string }>> {
    return this.#knex('teams')
      .whereNull('deleted_at')
      .orderBy('name')
      .select<Array<{ id: string; name: string; teamTypeId: string }>>({
        id: 'id',
        name: 'name',
        teamTypeId: 'team_type_id',
      });
  }
}
