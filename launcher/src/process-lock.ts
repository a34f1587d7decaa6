import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isRunning, type ProcessIdentity, readProcessStart } from './process-identity.ts';

function parseOwner(text: string): ProcessIdentity | null {
  try {
    const { pid, start } = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof start === 'string' ? { pid, start } : null;
  } catch {
    return null;
  }
}

/** The process that holds the lock; null when none does, whatever a left-over file says. */
export function readProcessLock(file: string): ProcessIdentity | null {
  try {
    const owner = parseOwner(readFileSync(file, 'utf8'));
    return owner !== null && isRunning(owner) ? owner : null;
  } catch {
    return null;
  }
}

/** Makes this process the only one of its kind on a folder, until it ends; false when another one is. */
export async function takeProcessLock(file: string): Promise<boolean> {
  await mkdir(path.dirname(file), { recursive: true });
  const own = `${file}.${process.pid}`;
  const identity = JSON.stringify({ pid: process.pid, start: readProcessStart(process.pid) ?? 'unknown' });
  await writeFile(own, identity, { mode: 0o600 });
  try {
    if (readProcessLock(file) === null) {
      await rm(file, { force: true });
    }
    // Unlike a rename, a link fails when somebody was quicker.
    await link(own, file).catch(() => {});
    return (await readFile(file, 'utf8')) === identity;
  } finally {
    await rm(own, { force: true });
  }
}
