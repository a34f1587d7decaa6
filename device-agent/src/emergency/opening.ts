import type { JournalEntry } from '../files/journal.ts';

/** The emergency editor as it was opened: what must survive the agent and a reboot. */
export interface Opening {
  /** For how long it was opened, and the most that it ever has left, whatever the clocks say. */
  ms: number;
  /** When it ends by the clock of the machine, in milliseconds since 1970. */
  until: number;
  /** The boot during which `endsUp` counts. */
  boot: string;
  /** When it ends by the time since then, in milliseconds. */
  endsUp: number;
  /** Signs who is at the editor (PKCS 8, PEM). It ends with the opening. */
  key: string;
  /** Somebody ended it before its time. */
  isEnded: boolean;
}

export interface Clock {
  /** Milliseconds since 1970. It may jump. */
  now: () => number;
  /** Milliseconds since the machine was started. */
  up: () => number;
  boot: string;
}

export const EMERGENCY: JournalEntry<Opening> = {
  name: 'emergency',
  parse: (value) => {
    const opening = value as Opening;
    const isOpening =
      [opening.ms, opening.until, opening.endsUp].every(Number.isFinite) &&
      [opening.boot, opening.key].every((text) => typeof text === 'string') &&
      typeof opening.isEnded === 'boolean';
    if (!isOpening) {
      throw new TypeError('not an opening');
    }
    return opening;
  },
};

export function openingFor(ms: number, key: string, clock: Clock): Opening {
  return { ms, until: clock.now() + ms, boot: clock.boot, endsUp: clock.up() + ms, key, isEnded: false };
}

/**
 * How long it stays open, in milliseconds. While the machine is up that is counted, and jumps of the clock do not
 * matter; across a reboot only the clock can tell, and is believed as far as the opening was long.
 */
export function leftOf(opening: Opening, clock: Clock): number {
  if (opening.isEnded) {
    return 0;
  }
  const left = opening.boot === clock.boot ? opening.endsUp - clock.up() : opening.until - clock.now();
  return Math.min(Math.max(left, 0), opening.ms);
}

/** The opening as it goes on after a reboot: from now on it is counted again. */
export function takenUp(opening: Opening, clock: Clock): Opening {
  if (opening.boot === clock.boot) {
    return opening;
  }
  const left = leftOf(opening, clock);
  return { ...opening, until: clock.now() + left, boot: clock.boot, endsUp: clock.up() + left };
}
