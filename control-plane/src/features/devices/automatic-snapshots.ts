import { AGENT_CAPABILITY } from '@flowyard/protocol';
import type { Logger } from 'pino';
import type { Database } from '../../db/database.ts';
import type { AgentHub } from '../../relay/agent-hub.ts';
import { dropOldAutomatic } from '../snapshots/drop-old-automatic.ts';
import { automaticSnapshots } from './device-levels.ts';
import { requireDevice } from './require-device.ts';
import type { DeviceSnapshotService } from './snapshot-service.ts';
import type { WantedSnapshot } from './wanted-snapshot-store.ts';

/** Deploys that follow upon each other within this time are in one snapshot. */
const LOOK_EVERY_MS = 3000;
/** Longer than a device may take to answer. */
const AGAIN_AFTER_MS = 2 * 60_000;
const AT_ONCE = 8;
const BATCH = 1000;

interface Parts {
  db: Database;
  deviceSnapshots: DeviceSnapshotService;
  logger: Logger;
}

/**
 * Takes the snapshots that are wanted of devices: after a deploy on the device, and by schedule. What is wanted is in the
 * database until it was taken, so that neither a device that is away nor a restart of the control plane loses one. Each
 * control plane asks the devices that are connected to it.
 */
export class AutomaticSnapshots {
  readonly #parts: Parts;
  #agentHub: Pick<AgentHub, 'can'> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Devices are asked from now on. */
  start(agentHub: Pick<AgentHub, 'can'>): void {
    this.#agentHub = agentHub;
    this.#timer = setTimeout(() => void this.#lookOn(), LOOK_EVERY_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #lookOn(): Promise<void> {
    this.#looking = this.#look().catch((error: unknown) =>
      this.#parts.logger.error({ err: error }, 'snapshots of devices could not be taken'),
    );
    await this.#looking;
    if (!this.#isStopped) {
      this.#timer = setTimeout(() => void this.#lookOn(), LOOK_EVERY_MS);
    }
  }

  async #look(): Promise<void> {
    const { wantedSnapshots } = this.#parts.db.stores;
    const now = new Date();
    for (let after = '', isMore = true; isMore && !this.#isStopped; ) {
      const due = await wantedSnapshots.due(now, { after, most: BATCH });
      await this.#takeAll(due);
      after = due.at(-1)?.deviceId ?? after;
      isMore = due.length === BATCH;
    }
  }

  async #takeAll(due: WantedSnapshot[]): Promise<void> {
    const there = due.filter(({ deviceId }) => this.#agentHub?.can(deviceId, AGENT_CAPABILITY.snapshot));
    const work = async () => {
      for (let next = there.shift(); next !== undefined && !this.#isStopped; next = there.shift()) {
        await this.#take(next);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async #take(wanted: WantedSnapshot): Promise<void> {
    const { db, deviceSnapshots, logger } = this.#parts;
    const { deviceId, name } = wanted;
    if (!(await db.stores.wantedSnapshots.claim(wanted, new Date(Date.now() + AGAIN_AFTER_MS)))) {
      return;
    }
    try {
      const content = await deviceSnapshots.ask(deviceId);
      await db.transact(async (tx) => {
        const input = { name, kind: 'auto' } as const;
        const taken = await deviceSnapshots.keepIfChanged(tx, deviceId, input, content);
        if (taken !== null) {
          const device = await requireDevice(tx.stores, deviceId);
          const most = automaticSnapshots(device)['snapshots.keepAuto'];
          await dropOldAutomatic(tx, { deviceId }, most);
        }
        await tx.stores.wantedSnapshots.taken(wanted);
      });
    } catch (error) {
      logger.warn({ err: error, deviceId }, 'a snapshot of a device is taken later');
    }
  }
}
