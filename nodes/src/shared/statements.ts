const LONGEST_REASON = 500;

/**
 * What a message says, yes or no, in the words of the node; null when it says neither. Texts, as MQTT brings them, are
 * taken in any case.
 */
export function readYesNo(value: unknown, yes: string, no: string): boolean | null {
  if (typeof value === 'boolean') {
    return value;
  }
  const text = typeof value === 'string' ? value.trim().toLowerCase() : null;
  if (text === yes || text === 'true') {
    return true;
  }
  return text === no || text === 'false' ? false : null;
}

/** A reason for people; empty when there is none, and null when it is not a text. */
export function readReason(value: unknown): string | null {
  if (value === undefined || value === null) {
    return '';
  }
  if (typeof value !== 'string' && !(typeof value === 'number' && Number.isFinite(value))) {
    return null;
  }
  const text = String(value).trim();
  return text.length <= LONGEST_REASON ? text : `${text.slice(0, LONGEST_REASON - 1)}…`;
}

/** As much of a reason as a node has room for below itself. */
export function shortened(text: string): string {
  return text.length <= 32 ? text : `${text.slice(0, 31)}…`;
}

/** A number of a setting within bounds; null when it is none, or beyond them. */
export function readNumber(value: unknown, least: number, most: number): number | null {
  const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
  return Number.isFinite(number) && number >= least && number <= most ? number : null;
}
