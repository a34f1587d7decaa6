const UNITS: ReadonlyArray<[Intl.RelativeTimeFormatUnit, number]> = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** How long ago (or until when) in one unit: "3 min. ago". */
export function relativeTime(at: string, now: number): string {
  const distance = Date.parse(at) - now;
  if (Math.abs(distance) < 5000) {
    return 'just now';
  }
  const [unit, length] = UNITS.find(([, ms]) => Math.abs(distance) >= ms) ?? ['second', 1000];
  return relative.format(Math.round(distance / length), unit);
}

/** The exact time where the reader is. */
export function exactTime(at: string): string {
  return exact.format(new Date(at));
}

/** The time of day with seconds, for log lines. */
export function clockTime(at: string): string {
  return clock.format(new Date(at));
}

/** Bytes in mebibytes, as memory limits are given. */
export function memory(bytes: number | null): string {
  return bytes === null ? '–' : `${Math.round(bytes / 1_048_576)} MB`;
}

/** Bytes in the unit that suits them. */
export function bytes(count: number | null): string {
  if (count === null) {
    return '–';
  }
  const gigabytes = count / 1_073_741_824;
  return gigabytes < 1
    ? memory(count)
    : `${gigabytes < 10 ? gigabytes.toFixed(1) : Math.round(gigabytes)} GB`;
}

/** A length of time in seconds: "3 h 20 min". */
export function span(seconds: number | null): string {
  return seconds === null
    ? '–'
    : duration(new Date(0).toISOString(), new Date(seconds * 1000).toISOString(), 0);
}

/** A share of the processor; one core is 100 %. */
export function cpu(percent: number | null): string {
  return percent === null ? '–' : `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** A number with its noun: "1 device", "3 devices". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** A length of time between two moments, or until now: "1 min 20 s". */
export function duration(from: string, to: string | null, now: number): string {
  const seconds = Math.max(0, Math.round(((to === null ? now : Date.parse(to)) - Date.parse(from)) / 1000));
  if (seconds < 60) {
    return `${seconds} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min ${seconds % 60} s`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
