import type { Actor } from '../../access/actor.ts';
import type { Transaction } from '../../db/database.ts';
import { keepSnapshot, type NewSnapshot } from '../snapshots/keep-snapshot.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import type { DeviceRow } from './device-row.ts';

/**
 * Keeps a snapshot of a device. The team must be locked.
 * @throws AppError 409 beyond the limits of the team
 */
export function keepDeviceSnapshot(
  tx: Transaction,
  actor: Actor,
  { id, name, teamId, applicationId }: DeviceRow,
  snapshot: NewSnapshot,
): Promise<SnapshotRow> {
  return keepSnapshot(tx, actor, { kind: 'device', id, name, teamId, applicationId }, snapshot);
}
