import type { Transaction } from '../../db/database.ts';
import type { WantedSnapshot } from '../devices/pushed-target.ts';
import type { StageRow } from './store.ts';

/** Of two who push into one place at once the second waits here. */
export async function lockPlace(tx: Transaction, { kind, id }: StageRow['target']): Promise<void> {
  const { instances, devices, deviceGroups } = tx.stores;
  await { instance: instances, device: devices, 'device-group': deviceGroups }[kind].lock(id);
}

/** The target that a device or a group has by itself. */
export async function targetOf(tx: Transaction, { kind, id }: StageRow['target']): Promise<WantedSnapshot> {
  if (kind === 'device') {
    const device = await tx.stores.devices.find(id);
    return { snapshotId: device?.ownTargetId ?? null, pushed: device?.ownTargetPushed ?? false };
  }
  const group = kind === 'device-group' ? await tx.stores.deviceGroups.findHead(id) : null;
  return { snapshotId: group?.targetSnapshotId ?? null, pushed: group?.targetPushed ?? false };
}
