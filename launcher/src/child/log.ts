import { writeSync } from 'node:fs';
import { format, inspect } from 'node:util';
import type { LogLine } from '@flowyard/protocol';

type Level = LogLine['level'];

/** One message of Node-RED's log API. Source: @node-red/util lib/log.js. */
export interface NodeRedLogMessage {
  level: number;
  msg?: unknown;
  type?: string;
  name?: string;
  id?: string;
  [key: string]: unknown;
}

const LEVELS: ReadonlyMap<number, Level> = new Map([
  [10, 'fatal'],
  [20, 'error'],
  [30, 'warn'],
  [40, 'info'],
  [50, 'debug'],
  [60, 'trace'],
]);
export const AUDIT_LEVEL = 98;

const MAX_TEXT = 16_000;

/**
 * Writes one line to standard output, which is the log file, and at once, so that a crash loses nothing. On a full
 * disk the line is lost; the stream that Node.js has for it would be of no use from then on.
 */
export function writeLog(level: Level, text: string): void {
  const line = { at: new Date().toISOString(), level, text: text.slice(0, MAX_TEXT) };
  try {
    writeSync(process.stdout.fd, `${JSON.stringify(line)}\n`);
  } catch {
    // There is nowhere to say so.
  }
}

function textOf(msg: unknown): string {
  if (typeof msg === 'string') {
    return msg;
  }
  if (msg instanceof Error) {
    return msg.stack ?? String(msg);
  }
  const message = (msg as { message?: unknown } | null)?.message;
  return typeof message === 'string'
    ? message
    : inspect(msg, { depth: 3, breakLength: Number.POSITIVE_INFINITY });
}

/** The handler for Node-RED's `logging` setting. */
export function handleNodeRedLog(message: NodeRedLogMessage): void {
  const level = LEVELS.get(message.level);
  if (!level) {
    return;
  }
  const source = message.type ? `[${message.type}:${message.name || message.id || ''}] ` : '';
  const text = textOf(message.msg).trim();
  if (text !== '') {
    writeLog(level, source + text);
  }
}

/** Lets what flows print with console.log appear as lines of the log as well. */
export function redirectConsole(): void {
  const print =
    (level: Level) =>
    (...parts: unknown[]) =>
      writeLog(level, format(...parts));
  console.log = print('info');
  console.info = print('info');
  console.warn = print('warn');
  console.error = print('error');
  console.debug = print('debug');
}
