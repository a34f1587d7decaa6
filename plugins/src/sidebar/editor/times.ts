import { el } from './dom';

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 24 * 3600],
  ['month', 30 * 24 * 3600],
  ['week', 7 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
];

/** Where the system has no language, some browsers name theirs in a form that dates do not accept. */
function language(): string | undefined {
  const named = [document.documentElement.lang, navigator.language];
  return named.find((tag) => {
    try {
      return Intl.getCanonicalLocales(tag).length > 0;
    } catch {
      return false;
    }
  });
}

/** How long ago, in words; the browser's clock may be a little off, and nothing is said to be in the future. */
export function relativeTime(iso: string, now: number = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  const format = new Intl.RelativeTimeFormat(language(), { numeric: 'auto' });
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ['second', 1];
  return unit === 'second' ? format.format(0, 'second') : format.format(-Math.floor(seconds / size), unit);
}

/** A point in time as people of this language write it. */
export function exactTime(iso: string): string {
  return new Date(iso).toLocaleString(language());
}

/** The time of day, for lines of a log. */
export function clockTime(iso: string): string {
  return new Date(iso).toLocaleTimeString(language());
}

/** A time as "3 hours ago", with the exact one on hover. */
export function time(iso: string): HTMLElement {
  return el('time', { datetime: iso, title: exactTime(iso) }, relativeTime(iso));
}
