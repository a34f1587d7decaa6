import { Cron } from 'croner';
import { z } from 'zod';

/** Minute, hour, day of the month, month, day of the week, as in crontab. */
export const Schedule = z
  .string()
  .trim()
  .max(100, 'must have at most 100 characters')
  .refine(
    (expression) => nextTime(expression, null, Date.now()) !== null,
    'is not a schedule; it has five parts, as in 0 3 * * 1-5: minute, hour, day, month, day of the week',
  );

/** When a schedule is next due after a time; null when it is none, or never is. Without a time zone it is in UTC. */
export function nextTime(expression: string, timeZone: string | null, after: number): Date | null {
  if (expression.trim().split(/\s+/).length !== 5) {
    return null;
  }
  try {
    const cron = new Cron(expression, { paused: true, timezone: timeZone ?? 'UTC' });
    return cron.nextRun(new Date(after));
  } catch {
    return null;
  }
}
