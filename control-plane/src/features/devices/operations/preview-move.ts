import type { Stores } from '../../../db/stores.ts';
import { reference } from '../../instances/presenter.ts';
import type { DeviceRow } from '../device-row.ts';
import { resolveTarget } from '../presenter.ts';
import { type Assignment, decideMove, findDestination, readMoveFacts } from './assign.ts';

type Named = { id: string; name: string } | null;

export interface AssignmentPreview {
  now: Named;
  keep: { target: Named; refusal: string | null };
  follow: { target: Named };
  leaves: Named;
  joins: Named;
  refusal: string | null;
}

/** What a device would run after a move, by the same decisions as the move itself. */
export async function previewMove(
  stores: Stores,
  device: DeviceRow,
  to: Assignment,
): Promise<AssignmentPreview> {
  const destination = await findDestination({ stores }, device.teamId, to);
  const facts = await readMoveFacts({ stores }, [device], destination);
  const keep = decideMove(device, facts, 'keep');
  const follow = decideMove(device, facts, 'follow');
  const now = resolveTarget(device);
  const current = reference(now?.snapshotId ?? null, device.targetSnapshotName);
  const groupId = 'change' in follow ? follow.change.deviceGroupId : null;
  const group = groupId === null ? null : await stores.deviceGroups.findHead(groupId);
  const foundId = group?.targetSnapshotId ?? destination.instanceTargetId;
  const found = foundId === null ? null : await stores.snapshots.find(foundId);
  const target = reference(found?.id ?? null, found?.name ?? null);
  const staysInGroup = groupId === device.deviceGroupId;
  return {
    now: current,
    // Without a target of its own there is nothing to keep.
    keep: { target: current ?? target, refusal: 'refusal' in keep ? keep.refusal : null },
    follow: { target },
    leaves: staysInGroup ? null : reference(device.deviceGroupId, device.deviceGroupName),
    joins: staysInGroup ? null : reference(group?.id ?? null, group?.name ?? null),
    refusal: 'refusal' in follow ? follow.refusal : null,
  };
}
