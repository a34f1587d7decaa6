import { type HostHealth, hostWarnings } from '@flowyard/protocol';
import type { Logger } from 'pino';
import type { Database, Transaction } from '../../db/database.ts';
import type { NotificationService } from '../notifications/notification-service.ts';

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

/** Keeps how the machines of devices are, stores it for many at once, and tells people when something is wrong. */
export class HostRecorder {
  readonly #parts: Parts;
  readonly #seen = new Map<string, SeenHost>();
  readonly #runs = new Map<string, Run>();
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
    return new Set([...this.#seen.keys(), ...this.#runs.keys(), ...this.#gone]).size;
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
        this.#gone.delete(id);
      }
    }
  }

  record(deviceId: string, health: HostHealth): void {
    this.#gone.delete(deviceId);
    this.#seen.set(deviceId, { ...health, at: new Date().toISOString() });
    this.#unstored.add(deviceId);
    const { bad, good } = this.#runs.get(deviceId) ?? { bad: 0, good: 0 };
    const isBad = hostWarnings(health).length > 0;
    this.#runs.set(deviceId, isBad ? { bad: bad + 1, good: 0 } : { bad: 0, good: good + 1 });
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

  async #tell(tx: Transaction, ids: string[]): Promise<void> {
    const { notifications } = this.#parts;
    const judged = ids.filter((id) => {
      const { bad = 0, good = 0 } = this.#runs.get(id) ?? {};
      return bad >= REPORTS_UNTIL_TOLD || good >= REPORTS_UNTIL_TOLD;
    });
    for (const device of await tx.stores.deviceWatch.hostsTold(judged)) {
      const { id, name, teamId, applicationId } = device;
      const seen = this.#seen.get(id);
      const warnings = seen === undefined ? [] : hostWarnings(seen);
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
