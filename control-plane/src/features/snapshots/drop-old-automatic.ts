import type { Transaction } from '../../db/database.ts';

/** Drops the oldest automatic snapshots beyond that number, for good. One that is pinned or in use is never dropped. */
export async function dropOldAutomatic(
  tx: Transaction,
  owner: { instanceId: string } | { deviceId: string },
  most: number,
): Promise<void> {
  const ids = await tx.stores.snapshots.automaticOf(owner);
  for (const id of ids.slice(most)) {
    if ((await tx.stores.snapshots.usesOf(id)).length === 0) {
      await tx.stores.snapshots.delete(id);
    }
  }
}
