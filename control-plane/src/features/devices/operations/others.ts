import type { BulkAction, Desired, DeviceAction } from '@flowyard/protocol';
import { conflict, invalid } from '../../../errors.ts';
import type { Vault } from '../../../secrets/vault.ts';
import { claimedWords, membershipOf } from '../../device-groups/label-rule.ts';
import type { VariableRow } from '../../instances/store.ts';
import { changedNames } from '../../variables/variable-input.ts';
import { requireGroup } from '../require-device.ts';
import { type DeviceOperation, forEachAlike, refuse } from './operation.ts';

/** What is done to Node-RED itself. */
type Control = Exclude<DeviceAction, 'rollback'>;

const DESIRED: Record<Control, Desired> = {
  start: 'running',
  restart: 'running',
  retry: 'running',
  stop: 'stopped',
  suspend: 'suspended',
};

export function controlOperation(action: Control): DeviceOperation<null> {
  return {
    permission: 'device:control',
    prepare: async () => () => ({ change: null }),
    apply: (tx, accepted) =>
      tx.stores.devices.setDesired(
        accepted.map(({ device }) => device.id),
        DESIRED[action],
        { restarts: action === 'restart' ? 1 : 0, retries: action === 'retry' ? 1 : 0 },
      ),
    describe: () => ({ event: `device.${action}-asked` }),
  };
}

/** Makes what ran before the own target of each device. */
export function rollBackOperation(): DeviceOperation<{ snapshotId: string; snapshot: string }> {
  return {
    permission: 'snapshot:target',
    prepare:
      async () =>
      ({ name, previousSnapshotId: snapshotId, previousSnapshotName: snapshot }) =>
        snapshotId === null || snapshot === null
          ? refuse('nothing_before', `${name} has run no other snapshot, or that one was deleted.`)
          : { change: { snapshotId, snapshot } },
    apply: (tx, accepted) =>
      forEachAlike(accepted, async (ids, { snapshotId }) => {
        await tx.stores.devices.setTargetSnapshot(ids, snapshotId);
        await tx.stores.devices.addRetry(ids);
      }),
    describe: ({ runningSnapshotName: from }, { snapshotId, snapshot }) => ({
      event: 'device.rolled-back',
      details: { snapshotId, snapshot, from },
    }),
  };
}

export function deleteOperation(): DeviceOperation<null> {
  return {
    permission: 'device:delete',
    async prepare(tx, devices) {
      const pipelinesOf = await tx.stores.devices.stagesOfMany(devices.map(({ id }) => id));
      return ({ id, name }) => {
        const pipelines = pipelinesOf.get(id) ?? [];
        return pipelines.length === 0
          ? { change: null }
          : refuse('in_use', `${name} is a stage of ${pipelines.join(', ')}. Remove that stage first.`);
      };
    },
    apply: (tx, accepted) => tx.stores.devices.delete(accepted.map(({ device }) => device.id)),
    describe: () => ({ event: 'device.deleted' }),
    removes: true,
  };
}

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

const MAX_VARIABLES = 500;

/** Adds, replaces and removes variables; the others of each device stay as they are. */
export function variableOperation(
  { set, remove }: Pick<Extract<BulkAction, { action: 'set-variables' }>, 'set' | 'remove'>,
  vault: Vault,
): DeviceOperation<{ names: string[]; rows: VariableRow[] }> {
  const names = new Set([...set.map(({ name }) => name), ...remove]);
  if (names.size !== set.length + remove.length) {
    throw invalid('change', 'names a variable twice');
  }
  return {
    permission: 'device:edit',
    async prepare(tx, devices) {
      const known = new Map<string, VariableRow[]>();
      for (const { ownerId, ...row } of await tx.stores.variables.ofDevices(devices.map(({ id }) => id))) {
        known.set(ownerId, [...(known.get(ownerId) ?? []), row]);
      }
      return (device) => {
        const before = known.get(device.id) ?? [];
        const rows = set.map(({ name, value, secret }) => ({
          name,
          value: secret ? vault.seal(value) : value,
          secret,
        }));
        const after = [...before.filter(({ name }) => !names.has(name)), ...rows];
        return after.length > MAX_VARIABLES
          ? refuse('too_many_variables', `${device.name} would have more than ${MAX_VARIABLES} variables.`)
          : { change: { names: changedNames(before, after), rows } };
      };
    },
    apply: (tx, accepted) =>
      tx.stores.variables.changeOfDevices(
        new Map(accepted.map(({ device, change }) => [device.id, change.rows])),
        [...names],
      ),
    describe: (_, change) => ({ event: 'device.variables-changed', details: { names: change.names } }),
  };
}

export function targetOperation(snapshotId: string | null): DeviceOperation<{ snapshot: string | null }> {
  return {
    permission: 'snapshot:target',
    async prepare(tx) {
      const snapshot = snapshotId === null ? null : await tx.stores.snapshots.find(snapshotId);
      return ({ name, applicationId, teamId }) =>
        snapshotId === null ||
        (snapshot !== null && snapshot.teamId === teamId && snapshot.applicationId === applicationId)
          ? { change: { snapshot: snapshot?.name ?? null } }
          : refuse('other_application', `The snapshot does not belong to the application of ${name}.`);
    },
    async apply(tx, accepted) {
      const ids = accepted.map(({ device }) => device.id);
      await tx.stores.devices.setTargetSnapshot(ids, snapshotId);
      if (snapshotId !== null) {
        // Who sets a target that a device gave up before wants it tried again.
        await tx.stores.devices.addRetry(ids);
      }
    },
    describe: (_, { snapshot }) => ({ event: 'device.target-set', details: { snapshotId, snapshot } }),
  };
}
