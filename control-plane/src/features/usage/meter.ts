import type { InstanceState } from '@flowyard/protocol';
import type { Logger } from 'pino';
import type { Database } from '../../db/database.ts';
import { RUNS } from './running-times.ts';

const TICK_MS = 60_000;
const DEVICES_MS = 60 * 60_000;
interface Parts {
  db: Database;
  logger: Logger;
  /** What was reported since this process started; undefined while nothing was. */
  stateOf: (instanceId: string) => InstanceState | undefined;
}

/**
 * Measures how long instances run and which devices there are. Once a minute it notes what surely runs, so that a
 * control plane that is killed loses a minute at most. Instances that went on meanwhile are measured through.
 */
export class UsageMeter {
  readonly #parts: Parts;
  #timers: NodeJS.Timeout[] = [];
  #work: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timers = [
      setInterval(() => void this.tick(), TICK_MS),
      setInterval(() => void this.countDevices(), DEVICES_MS),
    ];
    void this.countDevices();
  }

  async stop(): Promise<void> {
    for (const timer of this.#timers) {
      clearInterval(timer);
    }
    await this.tick();
  }

  /** Notes what runs now, and begins anew what changed its place, type or price. */
  tick(): Promise<void> {
    return this.#enqueue(async () => {
      const { db, stateOf } = this.#parts;
      const now = new Date().toISOString();
      const open = await db.stores.usage.open();
      const runs = (id: string) => RUNS.has(stateOf(id) ?? 'created');
      await db.stores.usage.seen(
        open.filter(({ instanceId, gone }) => !gone && runs(instanceId)).map(({ instanceId }) => instanceId),
        now,
      );
      for (const { instanceId, gone, changed } of open) {
        if (gone) {
          await db.stores.usage.endAsSeen(instanceId);
        } else if (changed && runs(instanceId)) {
          await db.transact(async (tx) => {
            await tx.stores.usage.end(instanceId, now);
            await tx.stores.usage.begin(instanceId, now);
          });
        }
      }
    });
  }

  /** Notes the devices that each team has today. */
  countDevices(): Promise<void> {
    return this.#enqueue(async () => {
      const { stores } = this.#parts.db;
      const today = new Date().toISOString().slice(0, 10);
      const prices = new Map<string, number | null>();
      for (const { id, teamTypeId } of await stores.usage.teams()) {
        if (!prices.has(teamTypeId)) {
          prices.set(teamTypeId, (await stores.teamTypes.find(teamTypeId))?.devicePrice ?? null);
        }
        await stores.usage.countDevices(id, today, prices.get(teamTypeId) ?? null);
      }
    });
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(work).catch((error: unknown) => {
      this.#parts.logger.error({ err: error }, 'usage was not measured');
    });
    return this.#work;
  }
}
