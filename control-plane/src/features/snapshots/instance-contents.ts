import {
  isSecretSetting,
  type SettingKey,
  type SnapshotManifest,
  type SnapshotVariable,
} from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { InstanceRow, VariableRow } from '../instances/instance-row.ts';
import { readStored } from '../settings/stored-settings.ts';

/** What comes with the flows of an instance now, but for its credentials and its lock file. */
export async function surroundingsOf(
  stores: Pick<Stores, 'instances'>,
  vault: Vault,
  instance: InstanceRow,
): Promise<Omit<SnapshotManifest, 'credentials' | 'lock'>> {
  const variables = await stores.instances.variables(instance.id);
  return {
    version: 1,
    flows: instance.flowsDigest,
    variables: variables.map((row) => snapshotVariable(row, vault)),
    modules: JSON.parse(instance.modules),
    settings: openSettings(instance.settings),
    nodeRed: instance.stackNodeRed,
    nodeJs: instance.stackNodeJs ?? process.versions.node,
  };
}

function snapshotVariable({ name, value, secret }: VariableRow, vault: Vault): SnapshotVariable {
  return secret
    ? { name, value: null, secret, digest: vault.fingerprint(vault.unseal(value)) }
    : { name, value, secret };
}

/** What people may see of stored settings: those that are not secret. */
export function openSettings(stored: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(readStored(stored)).filter(([key]) => !isSecretSetting(key as SettingKey)),
  );
}
