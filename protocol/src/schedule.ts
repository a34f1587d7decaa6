import { z } from 'zod';

const NAMES = {
  months: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'],
} as const;

/** Minute, hour, day of the month, month, day of the week: what each may be. */
const FIELDS: ReadonlyArray<{ from: number; to: number; names?: readonly string[] }> = [
  { from: 0, to: 59 },
  { from: 0, to: 23 },
  { from: 1, to: 31 },
  { from: 1, to: 12, names: NAMES.months },
  { from: 0, to: 7, names: NAMES.days },
];

/** Five fields as in crontab. What reckons with them is on the server: the page need not load it. */
export const Schedule = z
  .string()
  .trim()
  .max(100, 'must have at most 100 characters')
  .refine(
    isSchedule,
    'is not a schedule; it has five parts, as in 0 3 * * 1-5: minute, hour, day, month, day of the week',
  );

/** How many days the months have at most. */
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isSchedule(expression: string): boolean {
  const fields = expression.split(/\s+/);
  const values = fields.map((field, index) => valuesOf(field, index));
  const [, , days, months] = values;
  return (
    fields.length === FIELDS.length &&
    !values.includes(null) &&
    // There is no 30th of February, unless a day of the week counts as well.
    (fields[4] !== '*' || !!months?.some((month) => days?.some((day) => day <= (MONTH_DAYS[month - 1] ?? 0))))
  );
}

/** All that a field stands for; null when it is none. */
function valuesOf(field: string, index: number): number[] | null {
  const parts = field.split(',').map((part) => partValues(part, index));
  return parts.includes(null) ? null : parts.flatMap((values) => values ?? []);
}

/** `*`, a number or name, or a range of them; with a step behind `/`. */
function partValues(part: string, index: number): number[] | null {
  const [span = '', step = '1', ...more] = part.split('/');
  const { from, to } = FIELDS[index] ?? { from: 0, to: -1 };
  const ends = span === '*' ? [from, to] : span.split('-').map((end) => numberOf(end, index));
  const [first, last = first] = ends;
  const isStepped = part.includes('/') && ends.length === 1;
  if (first == null || last == null || ends.length > 2 || more.length > 0) {
    return null;
  }
  if (isStepped || !/^[1-9]\d?$/.test(step) || first > last) {
    return null;
  }
  const values: number[] = [];
  for (let value = first; value <= last; value += Number(step)) {
    values.push(value);
  }
  return values;
}

function numberOf(text: string, index: number): number | null {
  const field = FIELDS[index];
  const named = field?.names?.indexOf(text.toLowerCase()) ?? -1;
  if (field && named >= 0) {
    return named + field.from;
  }
  const value = Number(text);
  return field && /^\d{1,2}$/.test(text) && value >= field.from && value <= field.to ? value : null;
}
