import { mkdir } from 'node:fs/promises';
import { readProcessLock, takeProcessLock } from '@flowyard/launcher';
import { diskFault, Reserve } from './files/disk.ts';
import { type DevicePaths, devicePaths } from './paths.ts';

/** Another agent runs on the folder. */
export class LockedError extends Error {
  override name = 'LockedError';
}

/** The folder cannot be written to. */
export class UnwritableError extends Error {
  override name = 'UnwritableError';
}

/** Whether an agent runs on the folder now. */
export function isAgentRunning(folder: string): boolean {
  return readProcessLock(devicePaths(folder, null).lockFile) !== null;
}

/** Makes the folder the own one, on a full disk by means of the space that was kept for it; false when another agent has it. */
export async function takeFolder(paths: DevicePaths): Promise<boolean> {
  const reserve = new Reserve(paths.folder);
  const take = async () => {
    await mkdir(paths.data, { recursive: true });
    return takeProcessLock(paths.lockFile);
  };
  try {
    const isTaken = await take().catch(async () => {
      await reserve.giveUp();
      return take();
    });
    await reserve.take();
    return isTaken;
  } catch (error) {
    const fault = diskFault(error);
    throw fault === null ? error : new UnwritableError(`${paths.folder} cannot be written to. ${fault}`);
  }
}
