import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from './configuration.ts';
import { writeLog } from './log.ts';

const LAST_EXIT_FILE = 'last-exit.json';

/**
 * Ends the process at an exception that nobody caught, after saying why: in the log, and in a file for whoever
 * starts it again. A rejected promise without a handler arrives here, too.
 */
export function endOnFaults(dataFolder: string): void {
  process.on('uncaughtException', (error, origin) => {
    try {
      const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
      writeLog(
        'fatal',
        `${origin === 'unhandledRejection' ? 'Unhandled rejection' : 'Uncaught exception'}: ${stack}`,
      );
      recordExit(dataFolder, error instanceof Error ? String(error) : `${error}`, stack);
    } finally {
      process.exit(EXIT.fault);
    }
  });
}

function recordExit(dataFolder: string, message: string, stack: string): void {
  const path = join(dataFolder, LAST_EXIT_FILE);
  const record = { at: new Date().toISOString(), pid: process.pid, exitCode: EXIT.fault, message, stack };
  writeFileSync(`${path}.tmp`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}
