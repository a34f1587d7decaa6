import { conflict, invalid } from '../../../errors.ts';
import { claimedWords, membershipOf } from '../../device-groups/label-rule.ts';
import { requireGroup } from '../require-device.ts';
import { type DeviceOperation, forEachAlike, refuse } from './operation.ts';

/** Puts devices into a group that people choose for, or takes them out of such a one. */
export function groupOperation(
  teamId: string,
  deviceGroupId: string | null,
): DeviceOperation<{ deviceGroupId: string | null }> {
  return {
    permission: 'device-group:edit',
    async prepare(tx, devices) {
      const group = deviceGroupId === null ? null : await requireGroup(tx.stores, deviceGroupId);
      if (group !== null && group.teamId !== teamId) {
        throw invalid('deviceGroupId', 'is not a device group of this team');
      }
      if (group !== null && group.rule !== null) {
        throw conflict('group_by_rule', byRuleWords(group.name, group.rule));
      }
      const homes = new Set(devices.map(({ assignedApplicationId }) => assignedApplicationId));
      const rules = await tx.stores.deviceGroups.rulesOf(...[...homes].filter((id) => id !== null));
      return (device) => {
        if (group !== null) {
          return device.assignedApplicationId === group.applicationId
            ? { change: { deviceGroupId: group.id } }
            : refuse(
                'other_application',
                `${device.name} is not assigned to the application of the group. Assign it there first.`,
              );
        }
        if (device.groupRule !== null) {
          return refuse('group_by_rule', byRuleWords(device.deviceGroupName ?? '', device.groupRule));
        }
        const membership = membershipOf({ ...device, deviceGroupId: null }, rules);
        return 'groupId' in membership
          ? { change: { deviceGroupId: membership.groupId } }
          : refuse('two_groups', claimedWords(device.name, membership.claimedBy));
      };
    },
    apply: (tx, accepted) =>
      forEachAlike(accepted, (ids, change) => tx.stores.devices.setGroup(ids, change.deviceGroupId)),
    describe: (device, change) => ({
      event: 'device.group-set',
      details: {
        before: { deviceGroupId: device.deviceGroupId, deviceGroup: device.deviceGroupName },
        after: change,
      },
    }),
  };
}

export function byRuleWords(name: string, rule: readonly string[]): string {
  return `${name} takes the devices that have the labels ${rule.join(', ')}. Change the labels of a device, or the rule.`;
}
