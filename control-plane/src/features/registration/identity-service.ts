import { type AgentMessage, type AuditEventName, CLOSE, type DeviceCredentials } from '@flowyard/protocol';
import { type Actor, auditActor, SYSTEM } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict } from '../../errors.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { DeviceRow } from '../devices/device-row.ts';
import { requireDevice } from '../devices/require-device.ts';
import type { NotificationService } from '../notifications/notification-service.ts';

const HOUR_MS = 60 * 60_000;

interface Parts {
  db: Database;
  vault: Vault;
  notifications: NotificationService;
  publicUrl: () => string;
}

/** Who connected, as far as can be told. */
export interface Caller {
  token: string;
  address: string | null;
  hello: Pick<Extract<AgentMessage, { type: 'hello' }>, 'hardware' | 'hostname'>;
}

/** How a connection of a device goes on. */
export interface Greeting {
  /** The close code for a machine that is not the device. */
  refused: number | null;
  /** What the device is to use from now on. */
  newToken: string | null;
}

/** What proves that a machine is a device: its token, and that it is the machine it was. */
export class DeviceIdentityService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async renew(
    actor: Actor,
    deviceId: string,
    graceHours: number,
  ): Promise<{ credentials: DeviceCredentials; graceUntil: string | null }> {
    const token = newToken('device');
    const graceUntil = graceHours === 0 ? null : new Date(Date.now() + graceHours * HOUR_MS).toISOString();
    const device = await this.#db.transact(async (tx) => {
      await tx.stores.devices.lock(deviceId);
      const found = await requireDevice(tx.stores, deviceId);
      const tokenHash = hashToken(token);
      if (graceUntil === null) {
        await tx.stores.deviceIdentities.replaceToken(deviceId, tokenHash);
      } else {
        const sealed = this.#parts.vault.seal(token);
        await tx.stores.deviceIdentities.renewToken(deviceId, { tokenHash, sealed, oldUntil: graceUntil });
      }
      await this.#record(tx, actor, 'device.credentials-renewed', found, { graceUntil });
      return found;
    });
    return { credentials: this.#credentials(device, token), graceUntil };
  }

  /** New credentials for a machine that becomes the device; all older ones end, and any machine may be it. */
  async replace(tx: Transaction, device: DeviceRow): Promise<DeviceCredentials> {
    const token = newToken('device');
    await tx.stores.deviceIdentities.replaceToken(device.id, hashToken(token));
    await tx.stores.deviceIdentities.setHardware(device.id, null);
    await tx.stores.deviceIdentities.setOtherMachine(device.id, null);
    return this.#credentials(device, token);
  }

  #credentials(device: DeviceRow, token: string): DeviceCredentials {
    const { vault, publicUrl } = this.#parts;
    return {
      url: publicUrl(),
      deviceId: device.id,
      token,
      secret: vault.unseal(device.credentialSecret),
    };
  }

  /** The other machine that was refused is the device from its next connection on. */
  async acceptMachine(actor: Actor, deviceId: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const device = await requireDevice(tx.stores, deviceId);
      if (device.otherMachine === null) {
        throw conflict('no_other_machine', 'No other machine came with the identity of this device.');
      }
      await tx.stores.deviceIdentities.setHardware(deviceId, null);
      await tx.stores.deviceIdentities.setOtherMachine(deviceId, null);
      await this.#parts.notifications.resolve(tx, deviceId, ['device.cloned']);
      await this.#record(tx, actor, 'device.machine-accepted', device, {
        machine: JSON.parse(device.otherMachine),
      });
    });
  }

  /** At the beginning of each connection. */
  async greet(deviceId: string, caller: Caller): Promise<Greeting> {
    const device = await this.#db.stores.deviceIdentities.find(deviceId);
    if (device === null) {
      return { refused: null, newToken: null };
    }
    const known: string[] = device.hardware === null ? [] : JSON.parse(device.hardware);
    const { hardware } = caller.hello;
    if (hardware.length > 0 && known.length > 0 && !hardware.some((part) => known.includes(part))) {
      await this.reportOther(deviceId, caller);
      return { refused: CLOSE.cloned, newToken: null };
    }
    if (hardware.length > 0 && JSON.stringify(hardware) !== JSON.stringify(known)) {
      await this.#db.stores.deviceIdentities.setHardware(deviceId, JSON.stringify(hardware));
    }
    return { refused: null, newToken: await this.#newTokenFor(deviceId, device.nextToken, caller.token) };
  }

  async #newTokenFor(deviceId: string, next: string | null, token: string): Promise<string | null> {
    if (next === null) {
      return null;
    }
    const taken = await this.#db.transact(async (tx) => {
      const isNew = await tx.stores.deviceIdentities.takeToken(deviceId, hashToken(token));
      if (isNew) {
        const device = await requireDevice(tx.stores, deviceId);
        await this.#record(tx, { kind: 'device', deviceId }, 'device.credentials-taken', device);
      }
      return isNew;
    });
    return taken ? null : this.#parts.vault.unseal(next);
  }

  /** Another machine has the identity of a device, as one whose disk was copied. People are told once for each. */
  async reportOther(deviceId: string, caller: Caller): Promise<void> {
    await this.#db.transact(async (tx) => {
      const device = await requireDevice(tx.stores, deviceId);
      const { hostname } = caller.hello;
      const before = device.otherMachine === null ? null : JSON.parse(device.otherMachine);
      if (before?.hostname === hostname && before.address === caller.address) {
        return;
      }
      const machine = { at: new Date().toISOString(), hostname, address: caller.address };
      await tx.stores.deviceIdentities.setOtherMachine(deviceId, JSON.stringify(machine));
      const { id, name, teamId, applicationId } = device;
      await this.#parts.notifications.raise(tx, {
        kind: 'device.cloned',
        teamId,
        applicationId,
        subject: { kind: 'device', id, name },
        text: `Another machine${hostname && ` (${hostname})`} came with the identity of ${name} and was refused. Was its disk or folder copied? Register the copy anew; if it replaces the old machine, let it be the device on its page.`,
      });
      await this.#record(tx, SYSTEM, 'device.machine-refused', device, { machine });
    });
  }

  async #record(
    tx: Transaction,
    actor: Actor,
    event: AuditEventName,
    { id, name, teamId, applicationId }: DeviceRow,
    details?: Record<string, unknown>,
  ): Promise<void> {
    await tx.audit({
      event,
      actor: auditActor(actor, name),
      teamId,
      applicationId,
      subject: { kind: 'device', id, name },
      ...(details && { details }),
    });
    tx.announce({ kind: 'device', id, teamId, applicationId });
  }
}
