import { createHash } from 'node:crypto';
import { readFileSync, truncateSync } from 'node:fs';

/** What one line of the spool holds. */
export interface SpooledLine {
  seq: number;
  at: string;
  /** Names the start of the machine, and how long it ran then; null where the system does not tell. */
  boot: string | null;
  up: number;
  body: Record<string, unknown>;
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

export function encodeLine(line: SpooledLine): Buffer {
  const text = JSON.stringify(line);
  return Buffer.from(`${checksum(text)} ${text}\n`);
}

function decodeLine(text: string): SpooledLine | null {
  if (text[8] !== ' ' || checksum(text.slice(9)) !== text.slice(0, 8)) {
    return null;
  }
  try {
    return JSON.parse(text.slice(9)) as SpooledLine;
  } catch {
    return null;
  }
}

export interface ReadSegment {
  lines: SpooledLine[];
  /** Where the last whole line ends: behind it there is what a power cut left. */
  end: number;
}

/** The whole lines of a file. Damaged ones are passed over; their numbers are missing then. */
export function readSegment(file: string): ReadSegment {
  const content = readFileSync(file);
  const lines: SpooledLine[] = [];
  let end = 0;
  let start = 0;
  for (let stop = content.indexOf(10); stop >= 0; stop = content.indexOf(10, start)) {
    const line = decodeLine(content.toString('utf8', start, stop));
    start = stop + 1;
    if (line !== null) {
      lines.push(line);
      end = start;
    }
  }
  return { lines, end };
}

/** Cuts off what is behind the last whole line. @returns null for a file that cannot be read */
export function mendSegment(file: string): ReadSegment | null {
  try {
    const read = readSegment(file);
    truncateSync(file, read.end);
    return read;
  } catch {
    return null;
  }
}
