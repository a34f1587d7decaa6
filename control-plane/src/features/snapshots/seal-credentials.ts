import type { FlowCredentials } from '@flowyard/protocol';
import type { Transaction } from '../../db/database.ts';
import type { Vault } from '../../secrets/vault.ts';

/** Keeps flow credentials under the key of the platform. @returns the digest of the blob, null when there are none */
export async function sealCredentials(
  tx: Transaction,
  vault: Vault,
  credentials: FlowCredentials | null,
): Promise<string | null> {
  return credentials === null || Object.keys(credentials).length === 0
    ? null
    : tx.stores.blobs.put(vault.sealBytes(Buffer.from(JSON.stringify(credentials))));
}
