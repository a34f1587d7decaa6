import { type DeviceOperation, forEachAlike, refuse } from './operation.ts';

/** Sets the own target of devices; null lets their group or instance decide. */
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
      await tx.stores.devices.setTarget(ids, { snapshotId, pushed: false });
      if (snapshotId !== null) {
        // Who sets a target that a device gave up before wants it tried again.
        await tx.stores.devices.addRetry(ids);
      }
    },
    describe: (_, { snapshot }) => ({ event: 'device.target-set', details: { snapshotId, snapshot } }),
  };
}

/** Makes what ran before the own target of each device, with the values of variables that it ran with. */
export function rollBackOperation(): DeviceOperation<{
  snapshotId: string;
  snapshot: string;
  pushed: boolean;
}> {
  return {
    permission: 'snapshot:target',
    prepare:
      async () =>
      ({ name, previousSnapshotId: snapshotId, previousSnapshotName: snapshot, previousPushed: pushed }) =>
        snapshotId === null || snapshot === null
          ? refuse('nothing_before', `${name} has run no other snapshot, or that one was deleted.`)
          : { change: { snapshotId, snapshot, pushed } },
    apply: (tx, accepted) =>
      forEachAlike(accepted, async (ids, { snapshotId, pushed }) => {
        await tx.stores.devices.setTarget(ids, { snapshotId, pushed });
        await tx.stores.devices.addRetry(ids);
      }),
    describe: ({ runningSnapshotName: from }, { snapshotId, snapshot }) => ({
      event: 'device.rolled-back',
      details: { snapshotId, snapshot, from },
    }),
  };
}
