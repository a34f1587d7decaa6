import { rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';

const DISK_FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk of the device is full: free some space on it.',
  EDQUOT: 'The disk of the device is full: its quota is used up.',
  EROFS: 'The disk of the device cannot be written to: its file system is read-only.',
  EIO: 'The disk of the device fails: reading or writing gave an error.',
};

/** What is wrong with the disk, for people; null when the error has another cause. */
export function diskFault(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return DISK_FAULTS[code] ?? null;
}

const MB = 1024 * 1024;

/** There is less space than a step needs; it is found out before anything is changed. */
export class DiskSpaceError extends Error {
  override name = 'DiskSpaceError';
}

/** The bytes of the disk on which a folder is; null where the platform cannot say. */
export async function diskSpace(folder: string): Promise<{ total: number; free: number } | null> {
  return statfs(folder).then(
    ({ blocks, bavail, bsize }) => ({ total: blocks * bsize, free: bavail * bsize }),
    () => null,
  );
}

/** The bytes that are free where a folder is; null where the platform cannot say. */
export async function freeBytes(folder: string): Promise<number | null> {
  return (await diskSpace(folder))?.free ?? null;
}

/** Throws unless so many megabytes are free where the folder is. */
export async function requireSpace(folder: string, megabytes: number, what: string): Promise<void> {
  const free = await freeBytes(folder);
  if (free !== null && free < megabytes * MB) {
    const has = Math.floor(free / MB);
    throw new DiskSpaceError(
      `The disk of the device is full: ${what} needs ${megabytes} MB, and ${has} MB are free. Free some space on it.`,
    );
  }
}

const RESERVE_BYTES = MB;
/** Below this the space is left to what needs it more. */
const RESERVE_FROM_MB = 32;

/**
 * A little space that is given up when the agent starts on a full disk, so that it can lock its folder and start
 * Node-RED all the same.
 */
export class Reserve {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = path.join(folder, '.reserve');
  }

  async giveUp(): Promise<void> {
    await rm(this.#file, { force: true });
  }

  /** Takes the space when there is plenty. */
  async take(): Promise<void> {
    const free = await freeBytes(path.dirname(this.#file));
    if (free !== null && free > RESERVE_FROM_MB * MB) {
      // Not zeros, which some file systems do not store.
      const bytes = Buffer.alloc(RESERVE_BYTES, 'flowyard reserve ');
      await writeFile(this.#file, bytes, { flag: 'wx', mode: 0o600 }).catch(() => {});
    }
  }
}
