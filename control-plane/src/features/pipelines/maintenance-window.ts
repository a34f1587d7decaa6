import { type MaintenanceWindow, WEEKDAYS, type Weekday } from '@flowyard/protocol';

const MINUTE_MS = 60_000;
/** Time zones differ from each other, and change, by whole quarters of an hour. */
const QUARTER = 15;
/** A week, and the hour by which a clock may be set in it. */
const QUARTERS_AHEAD = 8 * 24 * 4;
const DAY = 24 * 60;

/** What the clock on the wall shows. */
interface WallClock {
  weekday: number;
  /** Minutes since midnight. */
  minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) {
    return known;
  }
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  formats.set(timeZone, format);
  return format;
}

function wallClock(at: number, timeZone: string): WallClock {
  const parts = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const weekday = WEEKDAYS.indexOf((parts.weekday ?? '').toLowerCase() as Weekday);
  return { weekday, minute: Number(parts.hour) * 60 + Number(parts.minute) };
}

function minutesOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}

function isWithin({ days, from, to }: MaintenanceWindow, { weekday, minute }: WallClock): boolean {
  const opens = minutesOf(from);
  const closes = minutesOf(to);
  const on = (day: number) => days.includes(WEEKDAYS[(day + 7) % 7] as Weekday);
  if (opens < closes) {
    return on(weekday) && minute >= opens && minute < closes;
  }
  return (on(weekday) && minute >= opens) || (on(weekday - 1) && minute < closes);
}

/**
 * When a window opens by the clock on the wall of that time zone, in milliseconds; null while it is open. Where a clock
 * is set forward over the whole of a window, it stays shut on that day.
 */
export function opensAt(window: MaintenanceWindow, timeZone: string, now: number): number | null {
  if (isWithin(window, wallClock(now, timeZone))) {
    return null;
  }
  const quarterMs = QUARTER * MINUTE_MS;
  const first = Math.floor(now / quarterMs) * quarterMs;
  for (let quarter = 0; quarter < QUARTERS_AHEAD; quarter++) {
    const start = first + quarter * quarterMs;
    const { weekday, minute } = wallClock(start, timeZone);
    for (let after = 0; after < QUARTER; after++) {
      const at = start + after * MINUTE_MS;
      const beyond = minute + after;
      const clock = { weekday: (weekday + Math.floor(beyond / DAY)) % 7, minute: beyond % DAY };
      if (at > now && isWithin(window, clock)) {
        return at;
      }
    }
  }
  throw new Error(`a window on ${window.days.join(', ')} never opens in ${timeZone}`);
}
