import type { TargetOnMove } from '@flowyard/protocol';
import type { Transaction } from '../../../db/database.ts';
import { invalid } from '../../../errors.ts';
import { claimedWords, membershipOf, type RuleGroup } from '../../device-groups/label-rule.ts';
import type { DeviceRow } from '../device-row.ts';
import { resolveTarget } from '../presenter.ts';
import { isTargetPushed, type WantedSnapshot } from '../pushed-target.ts';
import { type DeviceOperation, forEachAlike, refuse, type Verdict } from './operation.ts';

/** What a device belongs to: nothing, an application, or a hosted instance. */
export interface Assignment {
  applicationId?: string | undefined;
  instanceId?: string | undefined;
}

/** Where that is. */
export interface Destination {
  /** Null for an instance, which brings its own. */
  assignedApplicationId: string | null;
  instanceId: string | null;
  /** The application that a device is in there. */
  applicationId: string | null;
  /** The target that it finds there, unless a group has one. */
  instanceTargetId: string | null;
}

export interface AssignmentChange {
  applicationId: string | null;
  instanceId: string | null;
  deviceGroupId: string | null;
  target: WantedSnapshot;
  placeId: string | null;
}

/** @throws AppError 422 for what is not of the team */
export async function findDestination(
  tx: Pick<Transaction, 'stores'>,
  teamId: string,
  to: Assignment,
): Promise<Destination> {
  if (to.instanceId !== undefined) {
    const instance = await tx.stores.instances.find(to.instanceId);
    if (instance === null || instance.teamId !== teamId) {
      throw invalid(
        'instanceId',
        'is not a hosted instance of this team; devices cannot be assigned to devices',
      );
    }
    return {
      assignedApplicationId: null,
      instanceId: instance.id,
      applicationId: instance.applicationId,
      instanceTargetId: instance.targetSnapshotId,
    };
  }
  if (to.applicationId !== undefined) {
    const application = await tx.stores.applications.find(to.applicationId);
    if (application === null || application.teamId !== teamId) {
      throw invalid('applicationId', 'is not an application of this team; devices stay in their team');
    }
    return {
      assignedApplicationId: application.id,
      instanceId: null,
      applicationId: application.id,
      instanceTargetId: null,
    };
  }
  return { assignedApplicationId: null, instanceId: null, applicationId: null, instanceTargetId: null };
}

/** What was read to decide how devices move. */
export interface MoveFacts {
  destination: Destination;
  rules: readonly RuleGroup[];
  /** The application of each snapshot that devices have as their target. */
  homeOfSnapshot: ReadonlyMap<string, string | null>;
  pipelinesOf: ReadonlyMap<string, string[]>;
}

export async function readMoveFacts(
  tx: Pick<Transaction, 'stores'>,
  devices: readonly DeviceRow[],
  destination: Destination,
): Promise<MoveFacts> {
  const targets = devices.map((device) => resolveTarget(device)?.snapshotId).filter((id) => id !== undefined);
  const snapshots = await tx.stores.snapshots.findMany([...new Set(targets)]);
  const { assignedApplicationId } = destination;
  return {
    destination,
    rules: assignedApplicationId === null ? [] : await tx.stores.deviceGroups.rulesOf(assignedApplicationId),
    homeOfSnapshot: new Map([...snapshots.values()].map(({ id, applicationId }) => [id, applicationId])),
    pipelinesOf: await tx.stores.devices.stagesOfMany(devices.map(({ id }) => id)),
  };
}

/** The group that a device is in at its destination. */
function groupThere(device: DeviceRow, { destination, rules }: MoveFacts) {
  const stays = destination.assignedApplicationId === device.assignedApplicationId;
  return membershipOf(
    {
      assignedApplicationId: destination.assignedApplicationId,
      labels: device.labels,
      deviceGroupId: stays ? device.deviceGroupId : null,
      groupRule: stays ? device.groupRule : null,
    },
    rules,
  );
}

const NOTHING: WantedSnapshot = { snapshotId: null, pushed: false };

/** Decides how one device moves. */
export function decideMove(
  device: DeviceRow,
  facts: MoveFacts,
  target: TargetOnMove | undefined,
): Verdict<AssignmentChange> {
  const { destination, homeOfSnapshot, pipelinesOf } = facts;
  const pipelines = pipelinesOf.get(device.id) ?? [];
  if (pipelines.length > 0 && destination.applicationId !== device.applicationId) {
    return refuse(
      'in_use',
      `${device.name} is a stage of ${pipelines.join(', ')}. Remove that stage first, or let the device stay in its application.`,
    );
  }
  const membership = groupThere(device, facts);
  if ('claimedBy' in membership) {
    return refuse('two_groups', claimedWords(device.name, membership.claimedBy));
  }
  const staysAt = (snapshotId: string | null) =>
    snapshotId !== null &&
    destination.applicationId !== null &&
    homeOfSnapshot.get(snapshotId) === destination.applicationId;
  const current = resolveTarget(device)?.snapshotId ?? null;
  if (target === 'keep' && current !== null && !staysAt(current)) {
    return refuse(
      'target_of_other_application',
      `The target of ${device.name}, “${device.targetSnapshotName}”, is a snapshot of the application that it leaves, and cannot be kept. Let the device follow what it finds there.`,
    );
  }
  const own: WantedSnapshot = { snapshotId: device.ownTargetId, pushed: device.ownTargetPushed };
  const stays = staysAt(device.ownTargetId) && target !== 'follow' ? own : NOTHING;
  return {
    change: {
      applicationId: destination.assignedApplicationId,
      instanceId: destination.instanceId,
      deviceGroupId: membership.groupId,
      target: target === 'keep' ? { snapshotId: current, pushed: isTargetPushed(device) } : stays,
      placeId: destination.applicationId,
    },
  };
}

/** Moves devices to another place. */
export function assignOperation(
  teamId: string,
  to: Assignment & { target?: TargetOnMove | undefined },
): DeviceOperation<AssignmentChange> {
  return {
    permission: 'device:edit',
    async prepare(tx, devices) {
      const facts = await readMoveFacts(tx, devices, await findDestination(tx, teamId, to));
      return (device) => decideMove(device, facts, to.target);
    },
    apply: (tx, accepted) =>
      forEachAlike(accepted, (ids, { placeId: _, ...to }) => tx.stores.devices.moveMany(ids, to)),
    describe: (device, { placeId: _, target: { snapshotId: targetSnapshotId }, ...after }) => ({
      event: 'device.assigned',
      details: {
        before: {
          applicationId: device.assignedApplicationId,
          instanceId: device.instanceId,
          deviceGroupId: device.deviceGroupId,
          targetSnapshotId: device.ownTargetId,
          target: device.targetSnapshotName,
        },
        after: { ...after, targetSnapshotId },
      },
    }),
    placeAfter: ({ placeId }) => placeId,
  };
}
