import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Blame } from './blame.ts';
import { EXIT } from './configuration.ts';
import { writeLog } from './log.ts';

const LAST_EXIT_FILE = 'last-exit.json';

/**
 * Ends the process at an exception that nobody caught, after saying why: in the log, and in a file for whoever
 * starts it again. A rejected promise without a handler arrives here, too.
 */
export function endOnFaults(dataFolder: string, blame: Blame): void {
  process.on('uncaughtException', (error, origin) => {
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
