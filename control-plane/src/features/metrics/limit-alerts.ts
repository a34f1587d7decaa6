import type { ResolvedSettings } from '@flowyard/protocol';
import type { Database } from '../../db/database.ts';
import type { InstanceRow } from '../instances/instance-row.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { ownSettings, readInstanceTemplate, resolveInstanceSettings, valuesOf } from '../settings/levels.ts';
import type { Minute } from './minute.ts';

/** So many minutes in a row above a threshold, and people are told; so many below, and it is over. */
export const MINUTES_UNTIL_TOLD = 5;
export const MINUTES_UNTIL_OVER = 2;
const MIB = 1024 * 1024;

type Thresholds = Pick<ResolvedSettings, 'alerts.memoryPercent' | 'alerts.cpuPercent' | 'alerts.eventLoopMs'>;

/** What a minute exceeds, in words; empty when nothing. */
export function exceeded(minute: Minute, thresholds: Thresholds, memoryMb: number): string[] {
  const memoryPercent = Math.round((minute.memoryBytes / (memoryMb * MIB)) * 100);
  const found: Array<[value: number, threshold: number | null, words: string]> = [
    [memoryPercent, thresholds['alerts.memoryPercent'], `uses ${memoryPercent} % of its ${memoryMb} MB`],
    [
      minute.cpuPercent,
      thresholds['alerts.cpuPercent'],
      `keeps ${Math.round(minute.cpuPercent)} % of a core busy`,
    ],
    [
      minute.eventLoopDelayMs,
      thresholds['alerts.eventLoopMs'],
      `did not answer for ${Math.round(minute.eventLoopDelayMs)} ms`,
    ],
  ];
  return found
    .filter(([value, threshold]) => threshold !== null && value > threshold)
    .map(([, , words]) => words);
}

/** What was not measured for so long does not go on where it was: it stopped, or is gone. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;

interface Run {
  seenAt: number;
  above: number;
  below: number;
  told: boolean;
}

interface Parts {
  db: Database;
  notifications: NotificationService;
  now?: () => number;
}

/** Tells people of instances that use more than the thresholds in their settings. */
export class LimitAlerts {
  readonly #parts: Parts;
  readonly #now: () => number;
  readonly #runs = new Map<string, Run>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  async judge(minutes: Array<Minute & { instanceId: string }>): Promise<void> {
    const { stores } = this.#parts.db;
    const rows = await stores.instances.findMany([...new Set(minutes.map(({ instanceId }) => instanceId))]);
    for (const row of rows) {
      const thresholds = await this.#thresholds(row);
      for (const minute of minutes.filter(({ instanceId }) => instanceId === row.id)) {
        await this.#follow(row, exceeded(minute, thresholds, row.memoryMb));
      }
    }
    this.#forgetOld();
  }

  /** Of how many instances something is kept in memory. */
  get size(): number {
    return this.#runs.size;
  }

  #forgetOld(): void {
    for (const [id, { seenAt }] of this.#runs) {
      if (this.#now() - seenAt > FORGOTTEN_AFTER_MS) {
        this.#runs.delete(id);
      }
    }
  }

  async #thresholds(row: InstanceRow): Promise<Thresholds> {
    const template = await readInstanceTemplate(this.#parts.db.stores, row);
    return valuesOf(resolveInstanceSettings(template, row, ownSettings(row)));
  }

  async #follow(row: InstanceRow, found: string[]): Promise<void> {
    const run = this.#runs.get(row.id) ?? { seenAt: 0, above: 0, below: 0, told: false };
    this.#runs.set(row.id, run);
    run.seenAt = this.#now();
    run.above = found.length > 0 ? run.above + 1 : 0;
    run.below = found.length > 0 ? 0 : run.below + 1;
    if (run.above >= MINUTES_UNTIL_TOLD && !run.told) {
      run.told = true;
      await this.#tell(row, found);
    } else if (run.below === MINUTES_UNTIL_OVER) {
      run.told = false;
      await this.#parts.db.transact((tx) =>
        this.#parts.notifications.resolve(tx, row.id, ['instance.limit']),
      );
    }
  }

  async #tell({ id, name, teamId, applicationId }: InstanceRow, found: string[]): Promise<void> {
    await this.#parts.db.transact((tx) =>
      this.#parts.notifications.raise(tx, {
        kind: 'instance.limit',
        teamId,
        applicationId,
        subject: { kind: 'instance', id, name },
        text: `For ${MINUTES_UNTIL_TOLD} minutes it ${found.join(', and it ')}. Its metrics show since when; its instance type sets what it may use.`,
      }),
    );
  }
}
