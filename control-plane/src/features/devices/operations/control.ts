import type { Desired, DeviceAction } from '@flowyard/protocol';
import type { DeviceOperation } from './operation.ts';

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
