import type { LogLine, SpoolStreamName } from '@flowyard/protocol';
import type { Knex } from 'knex';

/** Up to where a stream of a device was taken in. */
export interface SpoolMark {
  deviceId: string;
  stream: SpoolStreamName;
  epoch: string;
  seq: number;
}

export interface DeviceFailureRow {
  id: string;
  deviceId: string;
  at: string;
  deviceTime: string;
  event: string;
  snapshotId: string | null;
  snapshotName: string | null;
  reason: string;
  log: LogLine[];
}

const BATCH = 200;
export const KEPT_FAILURES = 10;

/** What devices delivered from their spools. */
export class DeviceSpoolStore {
  readonly #knex: Knex;

  constructor(knex: Knex) {
    this.#knex = knex;
  }

  async marksOf(deviceIds: string[]): Promise<SpoolMark[]> {
    const found: SpoolMark[] = [];
    for (let start = 0; start < deviceIds.length; start += BATCH) {
      const rows = await this.#knex('device_spools')
        .whereIn('device_id', deviceIds.slice(start, start + BATCH))
        .select<SpoolMark[]>({ deviceId: 'device_id', stream: 'stream', epoch: 'epoch', seq: 'seq' });
      // PostgreSQL gives large numbers as texts.
      found.push(...rows.map((row) => ({ ...row, seq: Number(row.seq) })));
    }
    return found;
  }

  async setMarks(marks: SpoolMark[]): Promise<void> {
    for (let start = 0; start < marks.length; start += BATCH) {
      const rows = marks
        .slice(start, start + BATCH)
        .map(({ deviceId, ...mark }) => ({ device_id: deviceId, ...mark }));
      await this.#knex('device_spools').insert(rows).onConflict(['device_id', 'stream']).merge();
    }
  }

  /** The oldest go when there are more than ten of a device. */
  async insertFailure(failure: Omit<DeviceFailureRow, 'snapshotName'>): Promise<void> {
    await this.#knex('device_failures').insert({
      id: failure.id,
      device_id: failure.deviceId,
      at: failure.at,
      device_time: failure.deviceTime,
      event: failure.event,
      snapshot_id: failure.snapshotId,
      reason: failure.reason,
      log: JSON.stringify(failure.log),
    });
    const kept = await this.#knex('device_failures')
      .where({ device_id: failure.deviceId })
      .orderBy('id', 'desc')
      .limit(KEPT_FAILURES)
      .select<Array<{ id: string }>>('id');
    const oldest = kept.at(-1);
    if (kept.length === KEPT_FAILURES && oldest !== undefined) {
      await this.#knex('device_failures')
        .where({ device_id: failure.deviceId })
        .where('id', '<', oldest.id)
        .delete();
    }
  }

  /** Newest first. */
  async failuresOf(deviceId: string): Promise<DeviceFailureRow[]> {
    const rows = await this.#knex('device_failures as f')
      .leftJoin('snapshots as s', 's.id', 'f.snapshot_id')
      .where('f.device_id', deviceId)
      .orderBy('f.id', 'desc')
      .select<Array<Omit<DeviceFailureRow, 'log'> & { log: string }>>({
        id: 'f.id',
        deviceId: 'f.device_id',
        at: 'f.at',
        deviceTime: 'f.device_time',
        event: 'f.event',
        snapshotId: 'f.snapshot_id',
        snapshotName: 's.name',
        reason: 'f.reason',
        log: 'f.log',
      });
    return rows.map((row) => ({ ...row, log: JSON.parse(row.log) }));
  }
}
