import type { LogLine } from '@flowyard/protocol';

/** A line with the name of what wrote it, where several logs are shown together. */
export interface ShownLine extends LogLine {
  source?: string | undefined;
}

/** How far back a line is looked for: history and live lines overlap by what came while the history was read. */
const OVERLAP = 500;

function keyOf(line: ShownLine): string {
  return `${line.at} ${line.source ?? ''} ${line.level} ${line.text}`;
}

/**
 * Adds lines to those that are shown, each once. By content and not by time: the clock of a device may be set back.
 */
export function mergeLines(
  shown: readonly ShownLine[],
  added: readonly ShownLine[],
  most: number,
): ShownLine[] {
  const known = new Set(shown.slice(-OVERLAP - added.length).map(keyOf));
  return [...shown, ...added.filter((line) => !known.has(keyOf(line)))].slice(-most);
}

/** Puts history that was read once more in its place: older lines stay before it, and newer ones after it. */
export function renewLines(
  shown: readonly ShownLine[],
  history: readonly ShownLine[],
  most: number,
): ShownLine[] {
  const first = history[0] && keyOf(history[0]);
  const at = shown.findIndex((line) => keyOf(line) === first);
  return at < 0
    ? mergeLines(shown, history, most)
    : mergeLines([...shown.slice(0, at), ...history], shown.slice(at), most);
}
