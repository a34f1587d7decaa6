import { claimedWords, membershipOf } from '../../device-groups/label-rule.ts';
import { type DeviceOperation, forEachAlike, refuse } from './operation.ts';

interface LabelChange {
  labels: string[];
  deviceGroupId: string | null;
}

const MAX_LABELS = 30;

/** Gives devices other labels; groups by rule take or leave them at once. */
export function labelOperation(next: (labels: readonly string[]) => string[]): DeviceOperation<LabelChange> {
  return {
    permission: 'device:edit',
    async prepare(tx, devices) {
      const homes = new Set(devices.map(({ assignedApplicationId }) => assignedApplicationId));
      const rules = await tx.stores.deviceGroups.rulesOf(...[...homes].filter((id) => id !== null));
      return (device) => {
        const labels = next(device.labels).sort();
        if (labels.length > MAX_LABELS) {
          return refuse('too_many_labels', `${device.name} would have more than ${MAX_LABELS} labels.`);
        }
        const membership = membershipOf({ ...device, labels }, rules);
        return 'groupId' in membership
          ? { change: { labels, deviceGroupId: membership.groupId } }
          : refuse('two_groups', claimedWords(device.name, membership.claimedBy));
      };
    },
    apply: (tx, accepted) =>
      forEachAlike(accepted, async (ids, { labels, deviceGroupId }) => {
        await tx.stores.devices.setLabels(ids, labels);
        await tx.stores.devices.setGroup(ids, deviceGroupId);
      }),
    describe: (device, change) => ({
      event: 'device.labels-changed',
      details: {
        before: { labels: device.labels, deviceGroup: device.deviceGroupName },
        after: change,
      },
    }),
  };
}

/** A label with the key of one that is there takes its place. */
export function mergeLabels(
  labels: readonly string[],
  add: readonly string[],
  remove: readonly string[],
): string[] {
  const keyOf = (label: string) => label.split('=', 1)[0] ?? label;
  const replaced = new Set(add.map(keyOf));
  const kept = labels.filter((label) => !remove.includes(label) && !replaced.has(keyOf(label)));
  return [...kept, ...new Map(add.map((label) => [keyOf(label), label])).values()];
}
