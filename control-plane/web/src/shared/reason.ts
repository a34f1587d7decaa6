const LOG_FOLLOWS = /\n?The log ends:\n/;

/** The cause, and the last lines of the log where the reason brings them. */
export function splitReason(reason: string): { cause: string; log: string } {
  const [cause = '', ...log] = reason.split(LOG_FOLLOWS);
  return { cause: cause.trim(), log: log.join('\n').trimEnd() };
}
