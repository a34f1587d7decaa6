import { exportSnapshot, importDeviceSnapshot, importInstanceSnapshot } from '@flowyard/protocol';
import { may, type Route, route } from '../../http/route.ts';
import type { SnapshotFileService } from './file-service.ts';
import { presentSnapshot } from './presenter.ts';

export function snapshotFileRoutes({ snapshotFiles }: { snapshotFiles: SnapshotFileService }): Route[] {
  return [
    route(exportSnapshot, may('snapshot:export', 'snapshot'), ({ actor, params, body }) =>
      snapshotFiles.export(actor, params.id, body),
    ),
    route(importInstanceSnapshot, may('snapshot:create', 'instance'), async ({ actor, params, body }) => {
      const { snapshot, leftOut } = await snapshotFiles.importToInstance(actor, params.id, body);
      return { snapshot: presentSnapshot(snapshot), leftOut };
    }),
    route(importDeviceSnapshot, may('snapshot:create', 'device'), async ({ actor, params, body }) => {
      const { snapshot, leftOut } = await snapshotFiles.importToDevice(actor, params.id, body);
      return { snapshot: presentSnapshot(snapshot), leftOut };
    }),
  ];
}
