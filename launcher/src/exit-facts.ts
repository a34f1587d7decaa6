import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Blamed } from '@flowyard/protocol';
import { readLog } from './log-file.ts';
import type { ExitFacts } from './restart-policy.ts';

const LAST_EXIT_FILE = 'last-exit.json';
const LOG_LINES = 50;

interface KnownExit {
  code: number | null;
  signal: string | null;
  startError: string | null;
}

/** Gathers why a process ended: what the system says, what it wrote at its end, and the end of its log. */
export async function gatherExitFacts(
  exit: KnownExit,
  pid: number,
  files: { dataFolder: string; logFile: string },
): Promise<ExitFacts> {
  const lines = await readLog(files.logFile, LOG_LINES).catch(() => []);
  return {
    ...exit,
    ...takeLastExit(files.dataFolder, pid),
    hung: false,
    lastLines: lines.map((line) => line.text),
  };
}

/** The exception that ended that process, and what it came from; the file is used up. */
function takeLastExit(dataFolder: string, pid: number): Pick<ExitFacts, 'message' | 'blamed'> {
  const path = join(dataFolder, LAST_EXIT_FILE);
  try {
    const record = JSON.parse(readFileSync(path, 'utf8'));
    rmSync(path, { force: true });
    if (record.pid === pid && typeof record.message === 'string') {
      const blamed = Blamed.safeParse(record.blamed);
      return { message: record.message, blamed: blamed.success ? blamed.data : null };
    }
  } catch {
    // It left none.
  }
  return { message: null, blamed: null };
}
