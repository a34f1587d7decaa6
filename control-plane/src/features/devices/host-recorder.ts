import { type HostHealth, type HostThresholds, hostWarnings, thresholdWarnings } from '@flowyard/protocol';
import type { Logger } from 'pino';
import type { Database, Transaction } from '../../db/database.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { hostThresholds } from './device-levels.ts';

const STORE_MS = 15_000;
/** Agents report twice a minute: something is wrong, and over, when it was so this often in a row. */
const REPORTS_UNTIL_TOLD = 3;

/** How a machine was, and when. */
export type SeenHost = HostHealth & { at: string };

interface Parts {
  db: Database;
  notifications: NotificationService;
  logger: Logger;
}

interface Run {
  bad: number;
  good: number;
}

const NO_THRESHOLDS: HostThresholds = {
  'alerts.memoryPercent': null,
  'alerts.cpuPercent': null,
  'alerts.diskPercent': null,
};

/** Keeps how the machines of devices are, stores it for many at once, and tells people when something is wrong. */
export class HostRecorder {
  readonly #parts: Parts;
  readonly #seen = new Map<string, SeenHost>();
  readonly #runs = new Map<string, Run>();
  /** As they were when the health of the device was last stored. */
  readonly #thresholds = new Map<string, HostThresholds>();
  #beingStored: ReadonlySet<string> = new Set();
  #unstored = new Set<string>();
  /** Devices that went away: what they told last is forgotten once it is stored. */
  readonly #gone = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #storing: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), STORE_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  of(deviceId: string): SeenHost | undefined {
    return this.#seen.get(deviceId);
  }

  /** Of how many devices something is kept in memory. */
  get size(): number {
    return new Set([...this.#seen.keys(), ...this.#runs.keys(), ...this.#thresholds.keys(), ...this.#gone])
      .size;
  }

  /** The device is away or deleted: what it told last is in its row, or will be with the next flush. */
  forget(deviceId: string): void {
    this.#gone.add(deviceId);
    this.#forgetStored();
  }

  #forgetStored(): void {
    for (const id of this.#gone) {
      if (!this.#unstored.has(id) && !this.#beingStored.has(id)) {
        this.#seen.delete(id);
        this.#runs.delete(id);
        this.#thresholds.delete(id);
        this.#gone.delete(id);
      }
    }
  }

  record(deviceId: string, health: HostHealth): void {
    this.#gone.delete(deviceId);
    this.#seen.set(deviceId, { ...health, at: new Date().toISOString() });
    this.#unstored.add(deviceId);
    const { bad, good } = this.#runs.get(deviceId) ?? { bad: 0, good: 0 };
    const isBad = this.#warningsOf(deviceId, health).length > 0;
    this.#runs.set(deviceId, isBad ? { bad: bad + 1, good: 0 } : { bad: 0, good: good + 1 });
  }

  #warningsOf(deviceId: string, health: HostHealth): string[] {
    const thresholds = this.#thresholds.get(deviceId) ?? NO_THRESHOLDS;
    return [...hostWarnings(health), ...thresholdWarnings(health, thresholds)];
  }

  /** Stores what was reported since the last time. */
  flush(): Promise<void> {
    this.#storing = this.#storing.then(() => this.#store());
    return this.#storing;
  }

  async #store(): Promise<void> {
    const ids = [...this.#unstored];
    this.#beingStored = this.#unstored;
    this.#unstored = new Set();
    const hosts = new Map(ids.flatMap((id) => this.#entryOf(id)));
    try {
      if (hosts.size === 0) {
        return;
      }
      await this.#parts.db.transact(async (tx) => {
        await tx.stores.deviceWatch.setHosts(hosts);
        await this.#tell(tx, ids);
      });
    } catch (error) {
      this.#parts.logger.warn({ err: error }, 'the health of devices was not stored');
      for (const id of ids) {
        this.#unstored.add(id);
      }
    } finally {
      this.#beingStored = new Set();
      this.#forgetStored();
    }
  }

  #entryOf(id: string): Array<[string, string]> {
    const seen = this.#seen.get(id);
    return seen === undefined ? [] : [[id, JSON.stringify(seen)]];
  }

  #isSure(id: string): boolean {
    const { bad = 0, good = 0 } = this.#runs.get(id) ?? {};
    return bad >= REPORTS_UNTIL_TOLD || good >= REPORTS_UNTIL_TOLD;
  }

  async #tell(tx: Transaction, ids: string[]): Promise<void> {
    const { notifications } = this.#parts;
    const devices = await tx.stores.deviceWatch.hostsTold(ids);
    for (const device of devices) {
      this.#thresholds.set(device.id, hostThresholds(device));
    }
    for (const device of devices.filter(({ id }) => this.#isSure(id))) {
      const { id, name, teamId, applicationId } = device;
      const seen = this.#seen.get(id);
      const warnings = seen === undefined ? [] : this.#warningsOf(id, seen);
      if (warnings.length > 0 && !device.told) {
        const subject = { kind: 'device', id, name };
        const text = warnings.join('\n');
        await notifications.raise(tx, { kind: 'device.host', teamId, applicationId, subject, text });
        await tx.stores.deviceWatch.setHostTold(id, true);
      } else if (warnings.length === 0 && device.told) {
        await notifications.resolve(tx, id, ['device.host']);
        await tx.stores.deviceWatch.setHostTold(id, false);
      }
    }
  }
}
