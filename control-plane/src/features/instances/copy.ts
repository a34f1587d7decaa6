import type { Transaction } from '../../db/database.ts';
import { invalid } from '../../errors.ts';
import { decryptCredentials, encryptCredentials } from '../../secrets/flow-credentials.ts';
import type { Vault } from '../../secrets/vault.ts';
import { lockOfInstance } from '../snapshots/lock-files.ts';
import type { FirstContent, InstanceRow, VariableRow } from './instance-row.ts';

/** What of an instance goes into its copy. */
export interface CopyOf {
  instanceId: string;
  flows: boolean;
  credentials: boolean;
  variables: 'values' | 'names' | 'none';
  settings: boolean;
}

/** Whether a copy has more in it than a person can read at the original. */
export function takesSecrets({ credentials, variables, settings }: CopyOf): boolean {
  return credentials || settings || variables === 'values';
}

/** Flows with their modules, credentials for the secret of the copy, and settings, as far as they were asked for. */
export async function copyContent(
  tx: Transaction,
  { vault, readLockFile }: { vault: Vault; readLockFile: (instanceId: string) => string | null },
  source: InstanceRow,
  /** Of the copy. */
  secret: string,
  copyOf: CopyOf,
): Promise<Partial<FirstContent>> {
  if (copyOf.credentials && !copyOf.flows) {
    throw invalid('copyOf.credentials', 'belong to flows; copy the flows as well');
  }
  const settings = copyOf.settings ? { settings: source.settings } : {};
  if (!copyOf.flows) {
    return settings;
  }
  return {
    ...settings,
    flowsDigest: source.flowsDigest,
    credentialsDigest: copyOf.credentials ? await copyCredentials(tx, vault, source, secret) : null,
    modules: source.modules,
    lockDigest: (await lockOfInstance(tx, source, readLockFile)).lock,
    blueprintId: source.blueprintId,
    blueprintVersion: source.blueprintVersion,
    flowsRevision: 1,
    flowsChangedAt: new Date().toISOString(),
  };
}

async function copyCredentials(
  tx: Transaction,
  vault: Vault,
  source: InstanceRow,
  secret: string,
): Promise<string | null> {
  if (source.credentialsDigest === null) {
    return null;
  }
  const stored = JSON.parse((await tx.stores.blobs.get(source.credentialsDigest, source.name)).toString());
  const plain = decryptCredentials(vault.unseal(source.credentialSecret), stored);
  return tx.stores.blobs.put(Buffer.from(JSON.stringify(encryptCredentials(secret, plain))));
}

/** Variables of the copy; without values they are there to be filled in. */
export async function copyVariables(
  tx: Transaction,
  vault: Vault,
  { instanceId, variables }: CopyOf,
): Promise<VariableRow[]> {
  if (variables === 'none') {
    return [];
  }
  const rows = await tx.stores.instances.variables(instanceId);
  return variables === 'values'
    ? rows
    : rows.map((row) => ({ ...row, value: row.secret ? vault.seal('') : '' }));
}
