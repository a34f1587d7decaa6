import type { Stores } from '../../db/stores.ts';
import type { DeviceRow } from '../devices/device-row.ts';
import { groupsFitting, membershipOf, type RuleGroup } from './label-rule.ts';

/** What a rule does to the devices of an application. */
export interface RulePlan {
  joins: DeviceRow[];
  leaves: Array<{ device: DeviceRow; to: RuleGroup | null }>;
  stay: number;
  /** They have the labels, but people put them in another group. */
  elsewhere: DeviceRow[];
  /** They have the labels of another rule as well. */
  claimed: Array<{ device: DeviceRow; by: RuleGroup }>;
}

/** Finds out who would come and go; four queries. `group.id` is null for one that is still to be made. */
export async function planRule(
  stores: Stores,
  group: { id: string | null; applicationId: string },
  rule: string[],
): Promise<RulePlan> {
  const others = (await stores.deviceGroups.rulesOf(group.applicationId)).filter(({ id }) => id !== group.id);
  const fitting = await stores.devices.labelledIn(group.applicationId, rule);
  const fits = new Set(fitting.map(({ id }) => id));
  const members = group.id === null ? [] : await stores.devices.all({ deviceGroupId: group.id });
  const isMember = (device: DeviceRow) => group.id !== null && device.deviceGroupId === group.id;
  const isElsewhere = (device: DeviceRow) =>
    device.deviceGroupId !== null && device.deviceGroupId !== group.id && device.groupRule === null;
  const leaves = members
    .filter(({ id }) => !fits.has(id))
    .map((device) => {
      const next = membershipOf({ ...device, deviceGroupId: null }, others);
      const to = 'groupId' in next ? others.find(({ id }) => id === next.groupId) : undefined;
      return { device, to: to ?? null };
    });
  return {
    joins: fitting.filter((device) => !isMember(device) && !isElsewhere(device)),
    leaves,
    stay: members.length - leaves.length,
    elsewhere: fitting.filter(isElsewhere),
    claimed: fitting.flatMap((device) =>
      groupsFitting(device, others)
        .slice(0, 1)
        .map((by) => ({ device, by })),
    ),
  };
}
