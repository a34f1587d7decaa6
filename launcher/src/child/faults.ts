import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Blame } from './blame.ts';
import { EXIT } from './configuration.ts';
import { isFullDisk } from './full-disk.ts';
import { writeLog } from './log.ts';

const LAST_EXIT_FILE = 'last-exit.json';

/**
 * Ends the process at an exception that nobody caught, after saying why: in the log, and in a file for whoever
 * starts it again. A rejected promise without a handler arrives here, too; when it tells of a full disk, Node-RED is
 * as good as before, and the flows go on.
 */
export function endOnFaults(dataFolder: string, blame: Blame): void {
  // What flows print themselves may not find room on a full disk, either.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  process.on('uncaughtException', (error, origin) => {
    if (origin === 'unhandledRejection' && isFullDisk(error)) {
      writeLog('error', `Something could not be written to disk: ${error.message}`);
      return;
    }
    try {
      const stack = stackOf(error);
      writeLog(
        'fatal',
        `${origin === 'unhandledRejection' ? 'Unhandled rejection' : 'Uncaught exception'}: ${stack}`,
      );
      recordExit(dataFolder, { message: String(error), stack, blamed: blame.of(stack) });
    } finally {
      process.exit(EXIT.fault);
    }
  });
}

/** Errors of function nodes come from a context of their own, where `Error` is another one. */
function stackOf(error: unknown): string {
  const { stack } = (error ?? {}) as { stack?: unknown };
  return typeof stack === 'string' ? stack : String(error);
}

function recordExit(dataFolder: string, why: { message: string; stack: string; blamed: unknown }): void {
  const path = join(dataFolder, LAST_EXIT_FILE);
  const record = { at: new Date().toISOString(), pid: process.pid, exitCode: EXIT.fault, ...why };
  writeFileSync(`${path}.tmp`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}
