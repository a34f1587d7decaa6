import type { Schedule, Scheduled } from '../snapshots/scheduler.ts';
import { automaticSnapshots } from './device-levels.ts';

const BATCH = 500;

/** Snapshots of devices by schedule: wanted when one is due, and taken as soon as the device is there. */
export const SCHEDULED_DEVICES: Scheduled = {
  schedules: (stores) => stores.deviceSnapshotSchedules,
  async read(stores, ids) {
    const found = new Map<string, Schedule>();
    for (let start = 0; start < ids.length; start += BATCH) {
      for (const device of await stores.devices.findMany(ids.slice(start, start + BATCH))) {
        const settings = automaticSnapshots(device);
        const expression = settings['snapshots.schedule'];
        if (expression !== null) {
          found.set(device.id, { expression, timeZone: settings['snapshots.scheduleTimeZone'] });
        }
      }
    }
    return found;
  },
  take: (tx, deviceId) => tx.stores.wantedSnapshots.put(deviceId, 'By schedule', new Date()),
};
