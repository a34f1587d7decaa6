import type { DeviceCredentials } from '@flowyard/protocol';
import { type Actor, auditActor, type UserActor } from '../../access/actor.ts';
import type { Access } from '../../access/authorize.ts';
import { type Database, isDuplicate } from '../../db/database.ts';
import { AppError, conflict, notFound } from '../../errors.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { Assignment } from '../devices/operations/assign.ts';
import { requireDevice } from '../devices/require-device.ts';
import type { DeviceService } from '../devices/service.ts';
import type { DeviceIdentityService } from './identity-service.ts';
import type { RegistrationRow } from './registration-store.ts';
import { threeWords } from './words.ts';

const CODE_MS = 24 * 60 * 60_000;
const REGISTRATION_MS = 15 * 60_000;
const MOST_OPEN = 2000;
const MOST_OPEN_OF_ADDRESS = 30;
const ASK_EVERY_SECONDS = 3;

interface Parts {
  db: Database;
  vault: Vault;
  access: Access;
  devices: DeviceService;
  identities: DeviceIdentityService;
  publicUrl: () => string;
}

interface Applicant {
  name: string;
  type?: string | undefined;
  agentVersion: string;
  platform: string;
}

/** How a machine becomes a device without a file: by a one-time code, or by asking a person. */
export class RegistrationService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  /** A code for a device that is there already; its machine joins with it. */
  async makeCode(actor: Actor, deviceId: string): Promise<{ code: string; expiresAt: string }> {
    const code = threeWords();
    const expiresAt = new Date(Date.now() + CODE_MS).toISOString();
    await this.#db.transact(async (tx) => {
      const { id, name, teamId, applicationId } = await requireDevice(tx.stores, deviceId);
      await tx.stores.deviceIdentities.putCode({ deviceId, codeHash: hashToken(code), expiresAt });
      await tx.audit({
        event: 'device.code-made',
        actor: auditActor(actor),
        teamId,
        applicationId,
        subject: { kind: 'device', id, name },
      });
    });
    return { code, expiresAt };
  }

  /** @throws AppError 401 for a code that is none, or was used */
  async join(code: string, attempt: string): Promise<DeviceCredentials> {
    return this.#db.transact(async (tx) => {
      const now = new Date().toISOString();
      const deviceId = await tx.stores.deviceIdentities.useCode(hashToken(code), hashToken(attempt), now);
      const device = deviceId && (await tx.stores.devices.find(deviceId));
      if (!device) {
        throw new AppError(
          401,
          'code_invalid',
          'This code is not good: it is mistyped, was used, or is older than 24 hours. Make a new one on the page of the device.',
        );
      }
      const { id, name, teamId, applicationId } = device;
      await tx.audit({
        event: 'device.joined',
        actor: auditActor({ kind: 'device', deviceId: id }, name),
        teamId,
        applicationId,
        subject: { kind: 'device', id, name },
      });
      return this.#parts.identities.replace(tx, device);
    });
  }

  /** A machine asks; a person who opens the address decides. */
  async begin(
    { name, type, agentVersion, platform }: Applicant,
    address: string | null,
  ): Promise<{ code: string; url: string; secret: string; expiresAt: string; interval: number }> {
    const now = new Date();
    await this.#refuseRush(address, now.toISOString());
    const secret = newToken('registration');
    const expiresAt = new Date(now.getTime() + REGISTRATION_MS).toISOString();
    const row = { name, type: type ?? '', agentVersion, platform, address, expiresAt };
    const code = await this.#insert({ ...row, createdAt: now.toISOString() }, hashToken(secret));
    return {
      code,
      url: `${this.#parts.publicUrl()}/register-device/${code}`,
      secret,
      expiresAt,
      interval: ASK_EVERY_SECONDS,
    };
  }

  async #insert(
    row: Omit<RegistrationRow, 'code' | 'state' | 'credentials'>,
    secretHash: string,
  ): Promise<string> {
    for (;;) {
      const code = threeWords();
      try {
        await this.#db.stores.registrations.insert({ ...row, code }, secretHash);
        return code;
      } catch (error) {
        if (!isDuplicate(error)) {
          throw error;
        }
      }
    }
  }

  /** Who asks needs no account, so only so many may ask at once. */
  async #refuseRush(address: string | null, now: string): Promise<void> {
    const { all, fromAddress } = await this.#db.stores.registrations.countOpen(address ?? '', now);
    if (all >= MOST_OPEN || fromAddress >= MOST_OPEN_OF_ADDRESS) {
      throw new AppError(
        429,
        'too_many',
        'Too many machines ask to be registered. Try again in a quarter of an hour, or use a provisioning token.',
      );
    }
  }

  async view(code: string): Promise<RegistrationRow> {
    const row = await this.#db.stores.registrations.findByCode(code, new Date().toISOString());
    if (row === null || row.state !== 'waiting') {
      throw notFound('machine that asks with this code; a code is good for a quarter of an hour');
    }
    return row;
  }

  async accept(
    actor: UserActor,
    code: string,
    { teamId, name, ...to }: Assignment & { teamId: string; name: string },
  ): Promise<{ deviceId: string }> {
    await this.#parts.access.authorize(actor, 'device:create', 'team', teamId);
    const { type } = await this.view(code);
    return this.#db.transact(async (tx) => {
      const credentials = await this.#parts.devices.createInTransaction(tx, actor, teamId, {
        name,
        type,
        ...to,
      });
      const sealed = this.#parts.vault.seal(JSON.stringify(credentials));
      const now = new Date().toISOString();
      if (!(await tx.stores.registrations.decide(code, 'accepted', sealed, now))) {
        throw conflict('decided', 'Somebody else has decided about this machine at this moment.');
      }
      return { deviceId: credentials.deviceId };
    });
  }

  async refuse(code: string): Promise<void> {
    const now = new Date().toISOString();
    if (!(await this.#db.stores.registrations.decide(code, 'refused', null, now))) {
      throw notFound('machine that asks with this code');
    }
  }

  /** The answer stays until the time is over, so that one that was lost on the way can be asked for again. */
  async claim(
    secret: string,
  ): Promise<{ state: RegistrationRow['state']; credentials: DeviceCredentials | null }> {
    const row = await this.#db.stores.registrations.findBySecret(hashToken(secret), new Date().toISOString());
    if (row === null) {
      throw notFound('registration; nobody agreed within a quarter of an hour');
    }
    return {
      state: row.state,
      credentials: row.credentials === null ? null : JSON.parse(this.#parts.vault.unseal(row.credentials)),
    };
  }

  /** What has expired is of no use to anybody. */
  async deleteExpired(): Promise<void> {
    const now = new Date().toISOString();
    await this.#db.stores.registrations.deleteExpired(now);
    await this.#db.stores.deviceIdentities.deleteExpiredCodes(now);
    await this.#db.stores.deviceIdentities.forgetOldTokens(now);
  }
}
