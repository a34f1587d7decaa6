import type { NotificationKind } from '@flowyard/protocol';
import type { Logger } from 'pino';
import type { Database, Transaction } from '../../db/database.ts';
import type { NotificationService } from '../notifications/notification-service.ts';
import { driftOfDevice } from './presenter.ts';
import type { WatchedDevice } from './watch-store.ts';

export interface WatchTimes {
  /** How often to look. */
  everyMs: number;
  /** So long a device may be away before people are told. */
  awayMs: number;
  /** So long it may be off its target. */
  driftMs: number;
}

const DEFAULT_TIMES: WatchTimes = { everyMs: 15_000, awayMs: 120_000, driftMs: 600_000 };
const BATCH = 1000;
/** When more devices of an application go away together, that is one message: the network, most likely. */
const SINGLY = 5;
const NAMED = 20;

type Told = 'offline_told' | 'drift_told';

const WORDS: Record<Told, { kind: NotificationKind; one: string; many: string }> = {
  offline_told: {
    kind: 'device.offline',
    one: 'The device has been away for two minutes. It goes on running what it has; look at its network and power.',
    many: 'devices have been away for two minutes. They go on running what they have; look at the network between them and here.',
  },
  drift_told: {
    kind: 'device.drift',
    one: 'The device has not run its target for ten minutes.',
    many: 'devices have not run their target for ten minutes. Their pages say why.',
  },
};

interface Parts {
  db: Database;
  notifications: NotificationService;
  logger: Logger;
  times?: Partial<WatchTimes>;
}

/** Tells people of devices that are away or off their target, once each time. What was told is in the database. */
export class DeviceWatch {
  readonly #parts: Parts;
  readonly #times: WatchTimes;
  readonly #startedAt = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#times = { ...DEFAULT_TIMES, ...parts.times };
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#looking = this.#looking.then(() => this.#look());
    }, this.#times.everyMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Devices came back. */
  async seen(tx: Transaction, deviceIds: readonly string[]): Promise<void> {
    const back = await tx.stores.deviceWatch.clearAway(deviceIds);
    await this.#parts.notifications.resolveAll(tx, back, ['device.offline']);
  }

  async #look(): Promise<void> {
    try {
      const now = Date.now();
      // After a start every device has to come back first.
      if (now - this.#startedAt >= this.#times.awayMs) {
        await this.#tellAway(new Date(now - this.#times.awayMs).toISOString());
      }
      await this.#tellDrift(now);
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'devices could not be looked after');
    }
  }

  async #tellAway(seenBefore: string): Promise<void> {
    await this.#parts.db.transact(async (tx) => {
      await this.#tell(tx, await tx.stores.deviceWatch.newlyAway(seenBefore, BATCH), 'offline_told');
    });
  }

  async #tellDrift(now: number): Promise<void> {
    await this.#parts.db.transact(async (tx) => {
      const alike = await tx.stores.deviceWatch.noteDrift(new Date(now).toISOString());
      await this.#parts.notifications.resolveAll(tx, alike, ['device.drift']);
      const since = new Date(now - this.#times.driftMs).toISOString();
      await this.#tell(tx, await tx.stores.deviceWatch.newlyDrifted(since, BATCH), 'drift_told');
    });
  }

  async #tell(tx: Transaction, devices: WatchedDevice[], what: Told): Promise<void> {
    const { kind, one, many } = WORDS[what];
    for (const group of byPlace(devices)) {
      const [first] = group;
      if (first === undefined || group.length <= SINGLY) {
        for (const { id, name, teamId, applicationId } of group) {
          const subject = { kind: 'device', id, name };
          const text = what === 'drift_told' ? `${one} ${await whyDrifting(tx, id)}` : one;
          await this.#parts.notifications.raise(tx, { kind, teamId, applicationId, subject, text });
        }
        continue;
      }
      const { teamId, applicationId, applicationName } = first;
      const named = group.slice(0, NAMED).map(({ name }) => name);
      const rest = group.length > NAMED ? `, and ${group.length - NAMED} more` : '';
      await this.#parts.notifications.raise(tx, {
        kind,
        teamId,
        applicationId,
        subject:
          applicationId === null
            ? { kind: 'team', id: teamId, name: 'Devices without application' }
            : { kind: 'application', id: applicationId, name: applicationName ?? '' },
        text: `${group.length} ${many}\n${named.join(', ')}${rest}`,
      });
    }
    await tx.stores.deviceWatch.setTold(
      devices.map(({ id }) => id),
      what,
    );
  }
}

async function whyDrifting(tx: Transaction, deviceId: string): Promise<string> {
  const device = await tx.stores.devices.find(deviceId);
  return (device && driftOfDevice(device)?.text) ?? 'Its page says why.';
}

function byPlace(devices: WatchedDevice[]): WatchedDevice[][] {
  const places = new Map<string, WatchedDevice[]>();
  for (const device of devices) {
    const place = `${device.teamId}/${device.applicationId ?? ''}`;
    places.set(place, [...(places.get(place) ?? []), device]);
  }
  return [...places.values()];
}
