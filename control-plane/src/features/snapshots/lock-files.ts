import { installableModules, type Modules, readLockFile } from '@flowyard/protocol';
import type { Transaction } from '../../db/database.ts';
import type { InstanceRow } from '../instances/store.ts';

/** The lock file of a set of modules, as a digest; where there is none though there could be, why and what to do. */
export interface KeptLock {
  lock: string | null;
  problem: string | null;
}

const NONE: KeptLock = { lock: null, problem: null };
const NOT_THERE =
  'There is no package-lock.json beside the modules. Install one of them once more, also in the same version, so that npm writes it.';

/**
 * Keeps the lock file of a snapshot. One that does not fit its modules, or would fetch from elsewhere than a registry,
 * is refused: the snapshot has none then, and its modules are installed by their versions alone.
 */
export async function keepLockFile(
  tx: Transaction,
  text: string | null,
  modules: Modules,
): Promise<KeptLock> {
  if (installableModules(modules).length === 0) {
    return NONE;
  }
  if (text === null) {
    return { lock: null, problem: NOT_THERE };
  }
  const reading = readLockFile(text, modules);
  return 'lock' in reading
    ? { lock: await tx.stores.blobs.put(Buffer.from(reading.lock)), problem: null }
    : { lock: null, problem: `${reading.problem} ${reading.advice}` };
}

/** The lock file by which an instance's modules are to be installed, else the one that npm made of them. */
export async function lockOfInstance(
  tx: Transaction,
  { id, modules, lockDigest }: Pick<InstanceRow, 'id' | 'modules' | 'lockDigest'>,
  readInstalled: (instanceId: string) => string | null,
): Promise<KeptLock> {
  return lockDigest === null
    ? keepLockFile(tx, readInstalled(id), JSON.parse(modules))
    : { lock: lockDigest, problem: null };
}
