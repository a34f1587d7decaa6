/** A moment as a field for date and time has it, by the clock of the browser. */
export function localTime(at: Date): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The moment that was typed into such a field; null when it is none. */
export function readLocalTime(text: string | null): Date | null {
  const at = new Date(/^\d{4,6}-\d\d-\d\dT\d\d:\d\d/.test(text ?? '') ? (text ?? '') : Number.NaN);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** Says what stands against a start at that time. */
export function startRule(text: string | null, now = Date.now()): true | string {
  const at = readLocalTime(text);
  if (at === null) {
    return 'Choose a day and a time.';
  }
  return at.getTime() > now || 'Choose a time that is still to come.';
}
