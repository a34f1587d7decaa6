import type { BulkAction } from '@flowyard/protocol';
import { invalid } from '../../../errors.ts';
import type { Vault } from '../../../secrets/vault.ts';
import type { VariableRow } from '../../instances/instance-row.ts';
import { changedNames } from '../../variables/variable-input.ts';
import { type DeviceOperation, refuse } from './operation.ts';

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
