import type { LogLine } from '@flowyard/protocol';

/** How far back a line is looked for: history and live lines overlap by what came while the history was read. */
const OVERLAP = 500;

function keyOf(line: LogLine): string {
  return `${line.at} ${line.level} ${line.text}`;
}

/**
 * Adds lines to those that are shown, each once. By content and not by time: the clock of a device may be set back.
 */
export function mergeLines(shown: readonly LogLine[], added: readonly LogLine[], most: number): LogLine[] {
  const known = new Set(shown.slice(-OVERLAP).map(keyOf));
  return [...shown, ...added.filter((line) => !known.has(keyOf(line)))].slice(-most);
}
