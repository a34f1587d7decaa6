import { type Modules, readLockFile } from '@flowyard/protocol';
import type { Transaction } from '../../db/database.ts';

/**
 * Keeps the lock file of a snapshot. One that does not fit its modules, or would fetch from elsewhere than a registry,
 * is refused: the snapshot has none then, and its modules are installed by their versions alone.
 */
export async function keepLockFile(
  tx: Transaction,
  text: string | null,
  modules: Modules,
): Promise<string | null> {
  if (text === null || Object.keys(modules).length === 0) {
    return null;
  }
  const reading = readLockFile(text, modules);
  return 'lock' in reading ? tx.stores.blobs.put(Buffer.from(reading.lock)) : null;
}
