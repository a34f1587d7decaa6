import { SYSTEM } from '../../access/actor.ts';
import { instanceSettings } from '../settings/levels.ts';
import type { Schedule, Scheduled } from './scheduler.ts';
import type { SnapshotService } from './service.ts';

/** Snapshots of instances by schedule: of what is deployed when it is due, unless nothing changed. */
export function scheduledInstances(snapshots: SnapshotService): Scheduled {
  return {
    schedules: (stores) => stores.snapshotSchedules,
    async read(stores, ids) {
      const found = new Map<string, Schedule>();
      for (const id of ids) {
        const instance = await stores.instances.find(id);
        const settings = instance && (await instanceSettings(stores, instance));
        const expression = settings?.['snapshots.schedule'] ?? null;
        if (expression !== null) {
          found.set(id, { expression, timeZone: settings?.['snapshots.scheduleTimeZone'] ?? null });
        }
      }
      return found;
    },
    take: (tx, id) => snapshots.takeIfChanged(tx, SYSTEM, id, { name: 'By schedule', kind: 'auto' }),
  };
}
