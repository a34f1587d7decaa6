/** A device group that takes its devices by their labels. */
export interface RuleGroup {
  id: string;
  name: string;
  applicationId: string;
  targetSnapshotId: string | null;
  targetSnapshotName: string | null;
  rule: string[];
}

/** A device as rules see it. */
export interface LabelledDevice {
  /** What it is itself assigned to; null when that is nothing or an instance. */
  assignedApplicationId: string | null;
  labels: readonly string[];
  deviceGroupId: string | null;
  /** The rule of the group that it is in; null when people put it there, or when it is in none. */
  groupRule: readonly string[] | null;
}

export type Membership = { groupId: string | null } | { claimedBy: RuleGroup[] };

function fits(rule: readonly string[], labels: readonly string[]): boolean {
  return rule.every((label) => labels.includes(label));
}

/** The groups whose rules a device fits. */
export function groupsFitting(device: LabelledDevice, rules: readonly RuleGroup[]): RuleGroup[] {
  return rules.filter(
    ({ applicationId, rule }) => applicationId === device.assignedApplicationId && fits(rule, device.labels),
  );
}

/**
 * The group that a device belongs to. Where people put a device it stays; else the one rule that it fits takes it. A
 * device that fits two rules is nobody's to decide, and whoever would bring that about is told.
 */
export function membershipOf(device: LabelledDevice, rules: readonly RuleGroup[]): Membership {
  const fitting = groupsFitting(device, rules);
  if (fitting.length > 1) {
    return { claimedBy: fitting };
  }
  if (device.deviceGroupId !== null && device.groupRule === null) {
    return { groupId: device.deviceGroupId };
  }
  return { groupId: fitting[0]?.id ?? null };
}

/** Why a device cannot be so, in words. */
export function claimedWords(name: string, groups: readonly RuleGroup[]): string {
  const list = groups.map((group) => `${group.name} (${group.rule.join(', ')})`).join(' and ');
  return `${name} would belong to ${list} by its labels, and a device is in one group. Change its labels or one of the rules.`;
}
