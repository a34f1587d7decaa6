import { DeviceTarget } from '@flowyard/protocol';
import type { JournalEntry } from './files/journal.ts';
import type { FailedRelease } from './plan-steps.ts';
import { NO_SURROUNDINGS, type Surroundings } from './surroundings.ts';

/** A release that is being tried and is not yet found good. */
export interface Trial {
  releaseId: string;
  snapshotId: string;
  /** How often it was begun; more than once means that agent or power went away during it. */
  attempts: number;
}

/** The Node-RED process that was started last. */
export interface Launch {
  /** Told to the process and back by it: names this start for ever. */
  generation: number;
  /** What it runs now. */
  releaseId: string;
  /** Grows each time that other flows were loaded into it; null while it runs those it was started with. */
  revision: number | null;
  /** What it was started with: its modules come from there, also after other flows were loaded. */
  startedWith: string;
  /** The variables and settings it was started with. */
  surroundings: Surroundings;
}

function fields(value: unknown, shape: Record<string, 'string' | 'number'>): Record<string, unknown> {
  const record = value as Record<string, unknown>;
  for (const [name, type] of Object.entries(shape)) {
    if (typeof record[name] !== type) {
      throw new TypeError(`${name} is not a ${type}`);
    }
  }
  return record;
}

function entry<T extends object>(
  name: string,
  shape: Record<keyof T & string, 'string' | 'number'>,
): JournalEntry<T> {
  return { name, parse: (value) => fields(value, shape) as T };
}

/** A start of an agent that knew of none had none. */
function parseSurroundings(value: unknown): Surroundings {
  const { variables, settings } = (value ?? {}) as Partial<Surroundings>;
  return {
    variables: { ...NO_SURROUNDINGS.variables, ...variables },
    settings: { ...settings },
  };
}

export const TARGET: JournalEntry<DeviceTarget> = {
  name: 'target',
  parse: (value) => DeviceTarget.parse(value),
};
export const TRIAL = entry<Trial>('trial', { releaseId: 'string', snapshotId: 'string', attempts: 'number' });
export const FAILED = entry<FailedRelease>('failed', {
  releaseId: 'string',
  snapshotId: 'string',
  retries: 'number',
  reason: 'string',
});
export const LAUNCH: JournalEntry<Launch> = {
  name: 'launch',
  parse: (value) => {
    const launch = fields(value, { generation: 'number', releaseId: 'string', startedWith: 'string' });
    return {
      ...launch,
      revision: typeof launch.revision === 'number' ? launch.revision : null,
      surroundings: parseSurroundings(launch.surroundings),
    } as unknown as Launch;
  },
};
/** The release that was found good before the current one: it runs while that one is damaged. */
export const PREVIOUS = entry<{ releaseId: string }>('previous', { releaseId: 'string' });
/** Somebody at the machine wants to go back from this release to the one before. */
export const GO_BACK = entry<{ releaseId: string }>('go-back', { releaseId: 'string' });
export const RESTARTS = entry<{ done: number }>('restarts', { done: 'number' });
