import { installableModules, type Modules, readLockFile } from '@flowyard/protocol';
import type { Transaction } from '../../db/database.ts';
import type { InstanceRow } from '../instances/instance-row.ts';
import { digestOf } from './packed.ts';

/** The lock file of a set of modules, as a digest; where there is none though there could be, why and what to do. */
export interface KeptLock {
  lock: string | null;
  problem: string | null;
}

const NONE: KeptLock = { lock: null, problem: null };
/** Why there is no lock file at all, for each place that may have one. */
const MISSING = {
  instance: 'The modules of this instance are not installed yet. Start it.',
  device:
    'The device has no package-lock.json for its modules, or an agent that is too old to send it. Update the agent.',
  file: 'The file has no package-lock.json of its modules.',
  machine:
    'There was no package-lock.json beside the modules. Install one of them there once more, in the version that it has.',
};

/**
 * Keeps the lock file of a snapshot. One that does not fit its modules, or would fetch from elsewhere than a registry,
 * is refused: the snapshot has none then, and its modules are installed by their versions alone.
 */
export async function keepLockFile(
  tx: Transaction,
  text: string | null,
  modules: Modules,
  place: keyof typeof MISSING,
): Promise<KeptLock> {
  if (installableModules(modules).length === 0) {
    return NONE;
  }
  if (text === null) {
    return { lock: null, problem: MISSING[place] };
  }
  const reading = readLockFile(text, modules);
  return 'lock' in reading
    ? { lock: await tx.stores.blobs.put(Buffer.from(reading.lock)), problem: null }
    : { lock: null, problem: `${reading.problem} ${reading.advice}` };
}

/** Under which digest `keepLockFile` would keep a lock file; null when it would not. */
export function lockDigestOf(text: string | null, modules: Modules): string | null {
  if (text === null || installableModules(modules).length === 0) {
    return null;
  }
  const reading = readLockFile(text, modules);
  return 'lock' in reading ? digestOf(Buffer.from(reading.lock)) : null;
}

/** The lock file by which an instance's modules are to be installed, else the one that npm made of them. */
export async function lockOfInstance(
  tx: Transaction,
  { id, modules, lockDigest }: Pick<InstanceRow, 'id' | 'modules' | 'lockDigest'>,
  readInstalled: (instanceId: string) => string | null,
): Promise<KeptLock> {
  return lockDigest === null
    ? keepLockFile(tx, readInstalled(id), JSON.parse(modules), 'instance')
    : { lock: lockDigest, problem: null };
}
