import type { ApplicationRole, ApplicationView } from '@flowyard/protocol';
import { shownRole } from '../../access/authorize.ts';
import type { ApplicationRow } from './store.ts';

/** The view of an application for somebody who has that role in it. */
export function presentApplication(row: ApplicationRow, role: ApplicationRole | null): ApplicationView {
  return {
    id: row.id,
    teamId: row.teamId,
    name: row.name,
    description: row.description,
    role: shownRole(role),
    counts: {
      instances: row.instances,
      devices: row.devices,
      deviceGroups: row.deviceGroups,
      pipelines: row.pipelines,
    },
    createdAt: row.createdAt,
  };
}
