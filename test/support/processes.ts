import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Whether a process runs; one that ended but was not reaped yet does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    if (existsSync('/proc/self/stat')) {
      return false;
    }
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The Node-RED that a lock file below the folder names, wherever it is; those that ended do not count. */
export function nodeRedsBelow(folder: string): number[] {
  const found: number[] = [];
  for (const name of [folder, ...childFolders(folder)]) {
    try {
      const { pid } = JSON.parse(readFileSync(join(name, '.flowyard-lock.json'), 'utf8'));
      if (isAlive(pid)) {
        found.push(pid);
      }
    } catch {
      // No lock file there.
    }
  }
  return found;
}

function childFolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

/** Ends what a test left behind below its folder, and says what it was. */
export function killNodeRedsBelow(folder: string): number[] {
  const left = nodeRedsBelow(folder);
  for (const pid of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself meanwhile.
    }
  }
  return left;
}
