import { appendFileSync, copyFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { LogLine } from '@flowyard/protocol';

const MAX_BYTES = 5 * 1024 * 1024;
const KEPT = 2;
/** What was rotated away is deleted after so long. */
const KEEP_MS = 30 * 24 * 60 * 60_000;
/** Enough for two thousand lines of ordinary length. */
const TAIL_BYTES = 1024 * 1024;
const WATCH_MS = 200;

/**
 * Keeps the log small. The process writes through a descriptor that it inherited, so the file cannot be replaced
 * under it: it is copied and emptied. The descriptor appends, so the next line goes to the new beginning.
 */
export function rotateLog(path: string, maxBytes: number = MAX_BYTES): void {
  deleteOld(path);
  if (sizeOf(path) <= maxBytes) {
    return;
  }
  rmSync(`${path}.${KEPT}`, { force: true });
  for (let age = KEPT - 1; age >= 1; age -= 1) {
    if (sizeOf(`${path}.${age}`) > 0) {
      renameSync(`${path}.${age}`, `${path}.${age + 1}`);
    }
  }
  copyFileSync(path, `${path}.1`);
  truncateSync(path, 0);
}

/** Adds a line of our own; the process that writes there too appends as well. */
export function appendToLog(path: string, level: LogLine['level'], text: string): void {
  appendFileSync(path, `${JSON.stringify({ at: new Date().toISOString(), level, text })}\n`);
}

function deleteOld(path: string): void {
  for (const old of olderFiles(path)) {
    const { mtimeMs } = statSync(old, { throwIfNoEntry: false }) ?? { mtimeMs: Number.POSITIVE_INFINITY };
    if (Date.now() - mtimeMs > KEEP_MS) {
      rmSync(old, { force: true });
    }
  }
}

/** What was rotated away, newest first. */
function olderFiles(path: string): string[] {
  return Array.from({ length: KEPT }, (_, index) => `${path}.${index + 1}`);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The last lines, oldest first, from before a crash or rotation, too. */
export async function readLog(path: string, count: number): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for (const file of [path, ...olderFiles(path)]) {
    if (lines.length >= count) {
      break;
    }
    lines.unshift(...parseLines(await readTail(file)));
  }
  return lines.slice(-count);
}

/** What to look for in a log. */
export interface LogFilter {
  /** This and what is graver. */
  level?: LogLine['level'] | undefined;
  /** Text that a line has, in upper or lower case. */
  search?: string | undefined;
}

const LEVELS: ReadonlyArray<LogLine['level']> = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];

/** The last lines that match, oldest first, from all that is kept. */
export async function searchLog(path: string, count: number, filter: LogFilter): Promise<LogLine[]> {
  const most = LEVELS.indexOf(filter.level ?? 'trace');
  const wanted = filter.search?.toLowerCase() ?? '';
  const found: LogLine[] = [];
  for (const file of [path, ...olderFiles(path)]) {
    if (found.length >= count) {
      break;
    }
    const lines = parseLines(await readRange(file, 0, await fileSize(file)));
    found.unshift(
      ...lines.filter(
        ({ level, text }) => LEVELS.indexOf(level) <= most && text.toLowerCase().includes(wanted),
      ),
    );
    // Parsing a file takes a while; others want to be served in between.
    await new Promise(setImmediate);
  }
  return found.slice(-count);
}

/** All that is kept as text, oldest first, a file at a time. */
export async function* exportLog(path: string): AsyncGenerator<string> {
  for (const file of [...olderFiles(path).reverse(), path]) {
    const lines = parseLines(await readRange(file, 0, await fileSize(file)));
    if (lines.length > 0) {
      yield lines.map(({ at, level, text }) => `${at} ${level} ${text}\n`).join('');
    }
    await new Promise(setImmediate);
  }
}

async function readTail(path: string): Promise<string> {
  const size = await fileSize(path);
  const from = Math.max(0, size - TAIL_BYTES);
  const text = await readRange(path, from, size);
  // The first line of a tail is only the end of one.
  return from > 0 ? text.slice(text.indexOf('\n') + 1) : text;
}

async function fileSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}

async function readRange(path: string, from: number, to: number): Promise<string> {
  if (to <= from) {
    return '';
  }
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(to - from);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function parseLines(text: string): LogLine[] {
  let at = new Date(0).toISOString();
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const parsed = parseLine(line) ?? { at, level: 'error', text: line };
      at = parsed.at;
      return parsed;
    });
}

/** Null for what Node.js itself or a native module wrote there. */
function parseLine(line: string): LogLine | null {
  if (!line.startsWith('{"at":')) {
    return null;
  }
  try {
    const result = LogLine.safeParse(JSON.parse(line));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}

/** Calls back with lines as they are written, until the returned function is called. */
export function watchLog(path: string, onLines: (lines: LogLine[]) => void): () => void {
  let position = sizeOf(path);
  let rest = '';
  let stopped = false;
  let timer: NodeJS.Timeout;
  const look = async () => {
    const size = await fileSize(path);
    if (size < position) {
      // It was rotated: what is there now is all new.
      position = 0;
      rest = '';
    }
    const to = Math.min(size, position + TAIL_BYTES);
    const text = rest + (await readRange(path, position, to).catch(() => ''));
    position = to;
    const end = text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    const lines = parseLines(text.slice(0, end)).map(withTime);
    if (lines.length > 0 && !stopped) {
      onLines(lines);
    }
  };
  const again = () => {
    if (!stopped) {
      timer = setTimeout(() => void look().finally(again), WATCH_MS);
      timer.unref();
    }
  };
  again();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

/** A line without a time of its own, at the head of what was read, was written just now. */
function withTime(line: LogLine): LogLine {
  return line.at.startsWith('1970') ? { ...line, at: new Date().toISOString() } : line;
}
