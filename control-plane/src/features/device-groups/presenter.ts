import type { DeviceGroupView } from '@flowyard/protocol';
import { reference } from '../instances/presenter.ts';
import type { DeviceGroupRow } from './store.ts';

export function presentDeviceGroup(row: DeviceGroupRow): DeviceGroupView {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    applicationId: row.applicationId,
    targetSnapshot: reference(row.targetSnapshotId, row.targetSnapshotName),
    devices: row.devices,
    onTarget: row.onTarget,
    online: row.online,
    createdAt: row.createdAt,
  };
}
