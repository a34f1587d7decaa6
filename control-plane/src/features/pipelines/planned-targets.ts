import type { Transaction } from '../../db/database.ts';
import type { FollowedRow } from '../devices/device-row.ts';
import { refuseDuringChange } from '../instance-changes/service.ts';
import { byText, type DeploymentTargetRow } from './deployment-target-store.ts';
import type { KnownPush } from './known-pushes.ts';
import type { StageRow } from './store.ts';

/** A push as it was written down, with what was read for it: whoever begins it at once need not read that again. */
export interface PlannedPush extends KnownPush {
  devices: FollowedRow[];
}

/** The targets of a push that begins; all in the first wave as yet. */
export async function planTargets(
  tx: Transaction,
  { target: place }: StageRow,
  deploymentId: string,
): Promise<Pick<PlannedPush, 'targets' | 'devices'>> {
  if (place.kind === 'instance') {
    const instance = await tx.stores.instances.find(place.id);
    if (instance === null) {
      return { targets: [], devices: [] };
    }
    await refuseDuringChange(tx, instance);
    return { targets: [waiting(deploymentId, 'instance', instance, null)], devices: [] };
  }
  const devices =
    place.kind === 'device'
      ? await tx.stores.devices.findFollowed([place.id])
      : await tx.stores.devices.findFollowedIn(place.id);
  const targets = devices
    .sort(triedFirst)
    .map((device) => waiting(deploymentId, 'device', device, device.runningSnapshotId));
  return { targets, devices };
}

function waiting(
  deploymentId: string,
  kind: DeploymentTargetRow['kind'],
  { id: targetId, name }: { id: string; name: string },
  previousSnapshotId: string | null,
): DeploymentTargetRow {
  return {
    deploymentId,
    kind,
    targetId,
    name,
    wave: 0,
    state: 'waiting',
    reason: null,
    previousSnapshotId,
    toldAt: null,
    changedAt: null,
  };
}

/** Whoever is first tries the snapshot out for all others: one that is there. */
function triedFirst(one: FollowedRow, other: FollowedRow): number {
  return Number(other.online) - Number(one.online) || byText(one.name, other.name);
}
