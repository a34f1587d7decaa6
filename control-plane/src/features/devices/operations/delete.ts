import { type DeviceOperation, refuse } from './operation.ts';

/** Removes devices from their team. */
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
