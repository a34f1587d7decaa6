import type { DeviceGroupView } from '@flowyard/protocol';
import type { DeviceRow } from '../devices/device-row.ts';
import { resolveTarget } from '../devices/presenter.ts';
import { reference } from '../instances/presenter.ts';
import type { RulePlan } from './rule-plan.ts';
import type { DeviceGroupRow } from './store.ts';

export function presentDeviceGroup(row: DeviceGroupRow): DeviceGroupView {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    applicationId: row.applicationId,
    rule: row.rule,
    targetSnapshot: reference(row.targetSnapshotId, row.targetSnapshotName),
    devices: row.devices,
    onTarget: row.onTarget,
    online: row.online,
    createdAt: row.createdAt,
  };
}

const LISTED = 200;

type Giver = { targetSnapshotId: string | null; targetSnapshotName: string | null } | null;

/** A device with its target now, and with that of another group. */
function moved(device: DeviceRow, group: Giver) {
  const own = reference(device.ownTargetId, device.ownTargetName);
  return {
    device: { id: device.id, name: device.name },
    now: reference(resolveTarget(device)?.snapshotId ?? null, device.targetSnapshotName),
    next: own ?? reference(group?.targetSnapshotId ?? null, group?.targetSnapshotName ?? null),
  };
}

/** Who would come and go, and what they would run. */
export function presentRulePlan(plan: RulePlan, group: DeviceGroupRow | null) {
  const named = ({ id, name }: { id: string; name: string }) => ({ id, name });
  return {
    joins: plan.joins.slice(0, LISTED).map((device) => moved(device, group)),
    leaves: plan.leaves.slice(0, LISTED).map(({ device, to }) => moved(device, to)),
    elsewhere: plan.elsewhere.slice(0, LISTED).map((device) => ({
      device: named(device),
      group: { id: device.deviceGroupId ?? '', name: device.deviceGroupName ?? '' },
    })),
    claimed: plan.claimed
      .slice(0, LISTED)
      .map(({ device, by }) => ({ device: named(device), group: named(by) })),
    stay: plan.stay,
    total: plan.stay + plan.joins.length,
  };
}
