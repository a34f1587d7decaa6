import type { DeviceMode } from '@flowyard/protocol';
import type { Logger } from 'pino';
import { type Actor, auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { TargetService } from '../snapshots/target-service.ts';
import type { DeviceRow } from './device-row.ts';
import { requireDevice } from './require-device.ts';

const LOOK_EVERY_MS = 2000;
const BATCH = 100;
const MINUTE_MS = 60_000;

interface Parts {
  db: Database;
  targets: TargetService;
  logger: Logger;
  lookEveryMs?: number;
}

/** Fleet and developer mode. When developer mode ends is in the database, so it ends also after a restart. */
export class DeviceModeService {
  readonly #parts: Parts;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    const look = () => {
      this.#looking = this.#looking.then(() => this.#endThoseThatAreDue());
    };
    look();
    this.#timer = setInterval(look, this.#parts.lookEveryMs ?? LOOK_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Developer mode for a device that has it already goes on until the new time. */
  async set(
    actor: Actor,
    deviceId: string,
    wanted: { mode: DeviceMode; minutes?: number | null | undefined },
  ): Promise<void> {
    await this.#parts.db.transact(async (tx) => {
      const device = await requireDevice(tx.stores, deviceId);
      if (wanted.mode === 'developer') {
        await this.#develop(tx, actor, device, wanted.minutes ?? null);
      } else if (device.mode === 'developer') {
        await this.#end(tx, actor, device, {});
      }
    });
  }

  async #develop(tx: Transaction, actor: Actor, device: DeviceRow, minutes: number | null): Promise<void> {
    const now = Date.now();
    const isOn = device.mode === 'developer';
    const who = auditActor(actor, device.name);
    const until = minutes === null ? null : new Date(now + minutes * MINUTE_MS).toISOString();
    await tx.stores.devices.setMode(device.id, {
      mode: 'developer',
      since: isOn ? device.developerSince : new Date(now).toISOString(),
      until,
      by: isOn ? device.developerBy : who.name,
    });
    await tx.audit({
      event: isOn ? 'device.developer-mode-prolonged' : 'device.developer-mode-started',
      actor: who,
      teamId: device.teamId,
      applicationId: device.applicationId,
      subject: { kind: 'device', id: device.id, name: device.name },
      details: isOn ? { before: { until: device.developerUntil }, after: { until } } : { until },
    });
    if (isOn) {
      const { id, teamId, applicationId } = device;
      tx.announce({ kind: 'device', id, teamId, applicationId });
    } else {
      await this.#parts.targets.retarget(tx, [device.id], device);
    }
  }

  async #end(
    tx: Transaction,
    actor: Actor,
    device: DeviceRow,
    details: Record<string, unknown>,
  ): Promise<void> {
    await tx.stores.devices.setMode(device.id, { mode: 'fleet', since: null, until: null, by: null });
    await tx.audit({
      event: 'device.developer-mode-ended',
      actor: auditActor(actor, device.name),
      teamId: device.teamId,
      applicationId: device.applicationId,
      subject: { kind: 'device', id: device.id, name: device.name },
      details: { since: device.developerSince, edited: device.edited, ...details },
    });
    await this.#parts.targets.retarget(tx, [device.id], device);
  }

  async #endThoseThatAreDue(): Promise<void> {
    const { db, logger } = this.#parts;
    try {
      const due = await db.stores.devices.dueDeveloperModes(new Date().toISOString(), BATCH);
      for (const id of due) {
        await db.transact(async (tx) => {
          const device = await tx.stores.devices.find(id);
          // Somebody may have prolonged or ended it meanwhile.
          const isDue =
            device?.mode === 'developer' &&
            device.developerUntil !== null &&
            device.developerUntil <= new Date().toISOString();
          if (isDue) {
            await this.#end(tx, SYSTEM, device, { until: device.developerUntil });
          }
        });
      }
    } catch (error) {
      logger.error({ err: error }, 'developer mode could not be ended in time');
    }
  }
}
