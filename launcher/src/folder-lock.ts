import { createHash } from 'node:crypto';
import { linkSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { isRunning, type ProcessIdentity, readProcessStart } from './process-identity.ts';

const LOCK_FILE = '.flowyard-lock.json';

export type RuntimeRole = 'pool' | 'bound';

/** Who runs on a data folder. */
export interface LockOwner extends ProcessIdentity {
  role: RuntimeRole;
}

/** The process that runs on the folder; null when none does, whatever an old lock file says. */
export function readLockOwner(folder: string): LockOwner | null {
  const owner = readLockFile(folder);
  return owner && isRunning(owner) ? owner : null;
}

/** As what a process last ran on the folder, also when it ended since; null when none ever did. */
export function readLockRole(folder: string): RuntimeRole | null {
  return readLockFile(folder)?.role ?? null;
}

function readLockFile(folder: string): LockOwner | null {
  try {
    const { pid, start, role } = JSON.parse(readFileSync(join(folder, LOCK_FILE), 'utf8'));
    return Number.isInteger(pid) && typeof start === 'string' ? { pid, start, role } : null;
  } catch {
    return null;
  }
}

/**
 * Takes the folder for this process until it ends; false when another process has it.
 *
 * On Linux the kernel decides: a socket in the abstract namespace has one owner and vanishes with it, so there is
 * no moment in which two processes believe in the same stale file. The file says who it is, and is all there is
 * elsewhere.
 */
export async function lockFolder(folder: string, role: RuntimeRole): Promise<boolean> {
  if (process.platform === 'linux' && !(await takeSocket(folder))) {
    return false;
  }
  return takeFile(folder, role);
}

/** The pooled process became somebody's. */
export function updateLockRole(folder: string, role: RuntimeRole): void {
  writeLockFile(folder, role);
}

let heldSocket: Server | undefined;

function takeSocket(folder: string): Promise<boolean> {
  const name = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 40);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(`\0flowyard-${name}`, () => {
      server.unref();
      heldSocket = server;
      resolve(true);
    });
  });
}

function takeFile(folder: string, role: RuntimeRole): boolean {
  if (process.platform === 'linux' && heldSocket) {
    // A process in another network namespace (a container) does not see our socket, but it writes this file.
    if (readLockOwner(folder)) {
      return false;
    }
    writeLockFile(folder, role);
    return true;
  }
  const path = join(folder, LOCK_FILE);
  if (readLockOwner(folder)) {
    return false;
  }
  rmSync(path, { force: true });
  const own = `${path}.${process.pid}`;
  writeFileSync(own, ownerJson(role), { mode: 0o600 });
  try {
    // Unlike a rename, a link fails when somebody was quicker.
    linkSync(own, path);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(own, { force: true });
  }
}

function ownerJson(role: RuntimeRole): string {
  return JSON.stringify({ pid: process.pid, start: readProcessStart(process.pid) ?? 'unknown', role });
}

function writeLockFile(folder: string, role: RuntimeRole): void {
  const path = join(folder, LOCK_FILE);
  const own = `${path}.${process.pid}`;
  try {
    writeFileSync(own, ownerJson(role), { mode: 0o600 });
  } catch {
    // On a full disk there is the room that the file of the one before us takes.
    rmSync(path, { force: true });
    writeFileSync(own, ownerJson(role), { mode: 0o600 });
  }
  renameSync(own, path);
}
