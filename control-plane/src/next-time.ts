import { Cron } from 'croner';

/** When a schedule is next due after a time; null when it never is. Without a time zone it is in UTC. */
export function nextTime(expression: string, timeZone: string | null, after: number): Date | null {
  try {
    const cron = new Cron(expression, { paused: true, timezone: timeZone ?? 'UTC' });
    return cron.nextRun(new Date(after));
  } catch {
    return null;
  }
}
