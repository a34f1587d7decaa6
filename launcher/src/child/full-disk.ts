import { writeLog } from './log.ts';

const CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** Whether something failed since nothing more can be written to the disk. */
export function isFullDisk(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && CODES.has(error.code);
}

/** For what is only convenient to have on disk: on a full one it is left out, and the log says so. */
export async function unlessFull(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!isFullDisk(error)) {
      throw error;
    }
    writeLog('error', `Something could not be written to disk: ${error.message}`);
  }
}
