import { randomBytes } from 'node:crypto';
import type { AuditEventName, DeviceAction, DeviceCredentials, ListQuery, Page } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { TargetService } from '../snapshots/target-service.ts';
import { refuseMissingFeature } from '../team-types/features.ts';
import { refuseBeyondLimit } from '../team-types/limits.ts';
import type { DeviceRow } from './device-row.ts';
import type { DeviceFilter } from './store.ts';

interface Parts {
  db: Database;
  vault: Vault;
  targets: TargetService;
  publicUrl: () => string;
}

/** What a device belongs to: nothing, an application, or a hosted instance. */
export interface Assignment {
  applicationId?: string | undefined;
  instanceId?: string | undefined;
}

export interface NewDevice extends Assignment {
  name: string;
  type?: string | undefined;
  deviceGroupId?: string | undefined;
}

interface ResolvedAssignment {
  applicationId: string | null;
  instanceId: string | null;
}

/** Devices: registering them, assigning them, and saying what they should do. */
export class DeviceService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async get(id: string): Promise<DeviceRow> {
    const device = await this.#db.stores.devices.find(id);
    if (device === null) {
      throw notFound('device');
    }
    return device;
  }

  list(filter: DeviceFilter, query: ListQuery): Promise<Page<DeviceRow>> {
    return this.#db.stores.devices.list(filter, query);
  }

  async create(
    actor: Actor,
    teamId: string,
    input: NewDevice,
  ): Promise<{ device: DeviceRow; credentials: DeviceCredentials }> {
    const credentials = await this.#db.transact((tx) => this.createInTransaction(tx, actor, teamId, input));
    return { device: await this.get(credentials.deviceId), credentials };
  }

  async createInTransaction(
    tx: Transaction,
    actor: Actor,
    teamId: string,
    input: NewDevice,
  ): Promise<DeviceCredentials> {
    await tx.stores.teams.lock(teamId);
    const assignment = await this.#resolve(tx, teamId, input);
    const credentials: DeviceCredentials = {
      url: this.#parts.publicUrl(),
      deviceId: newId(),
      token: newToken('device'),
      secret: randomBytes(32).toString('hex'),
    };
    await tx.stores.devices.insert({
      id: credentials.deviceId,
      teamId,
      ...assignment,
      deviceGroupId: input.deviceGroupId ?? null,
      name: input.name,
      type: input.type ?? '',
      tokenHash: hashToken(credentials.token),
      credentialSecret: this.#parts.vault.seal(credentials.secret),
      createdAt: new Date().toISOString(),
    });
    await refuseBeyondLimit(tx, teamId, 'devices');
    await refuseMissingFeature(tx.stores, teamId, 'devices');
    await this.#record(tx, actor, 'device.created', await this.#require(tx, credentials.deviceId), {
      ...assignment,
    });
    return credentials;
  }

  async update(
    actor: Actor,
    id: string,
    changes: { name?: string | undefined; type?: string | undefined },
  ): Promise<DeviceRow> {
    await this.#db.transact(async (tx) => {
      const before = await this.#require(tx, id);
      await tx.stores.devices.update(id, changes);
      await this.#record(tx, actor, 'device.changed', before, {
        before: { name: before.name, type: before.type },
        after: changes,
      });
    });
    return this.get(id);
  }

  /** A device that changes its place leaves its group; its own target stays only within its application. */
  async assign(actor: Actor, id: string, to: Assignment): Promise<DeviceRow> {
    await this.#db.transact(async (tx) => {
      const device = await this.#require(tx, id);
      const assignment = await this.#resolve(tx, device.teamId, to);
      const instance = assignment.instanceId && (await tx.stores.instances.find(assignment.instanceId));
      const applicationId = instance ? instance.applicationId : assignment.applicationId;
      const stays = applicationId === device.applicationId && assignment.applicationId !== null;
      await tx.stores.devices.assign(id, {
        ...assignment,
        deviceGroupId: stays ? device.deviceGroupId : null,
      });
      if (applicationId !== device.applicationId) {
        await tx.stores.devices.setTargetSnapshot(id, null);
      }
      await this.#record(tx, actor, 'device.assigned', device, {
        before: { applicationId: device.assignedApplicationId, instanceId: device.instanceId },
        after: assignment,
      });
      await this.#parts.targets.retarget(tx, [id], { teamId: device.teamId, applicationId });
    });
    return this.get(id);
  }

  async control(actor: Actor, id: string, action: DeviceAction): Promise<DeviceRow> {
    const desired = {
      start: 'running',
      restart: 'running',
      retry: 'running',
      stop: 'stopped',
      suspend: 'suspended',
    } as const;
    await this.#db.transact(async (tx) => {
      const device = await this.#require(tx, id);
      await tx.stores.devices.setDesired(id, desired[action], {
        restarts: action === 'restart' ? 1 : 0,
        retries: action === 'retry' ? 1 : 0,
      });
      await this.#record(tx, actor, `device.${action}-asked`, device);
      await this.#parts.targets.retarget(tx, [id], device);
    });
    return this.get(id);
  }

  async delete(actor: Actor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const device = await this.#require(tx, id);
      const pipelines = await tx.stores.devices.stagesOf(id);
      if (pipelines.length > 0) {
        throw conflict(
          'in_use',
          `${device.name} is a stage of ${pipelines.join(', ')}. Remove that stage first.`,
          { pipelines },
        );
      }
      await tx.stores.devices.delete(id);
      await this.#record(tx, actor, 'device.deleted', device);
      tx.afterCommit(() => this.#parts.targets.forget(id));
    });
  }

  async #resolve(tx: Transaction, teamId: string, to: Assignment): Promise<ResolvedAssignment> {
    if (to.instanceId !== undefined) {
      const instance = await tx.stores.instances.find(to.instanceId);
      if (instance === null || instance.teamId !== teamId) {
        throw invalid(
          'instanceId',
          'is not a hosted instance of this team; devices cannot be assigned to devices',
        );
      }
      return { applicationId: null, instanceId: instance.id };
    }
    if (to.applicationId !== undefined) {
      const application = await tx.stores.applications.find(to.applicationId);
      if (application === null || application.teamId !== teamId) {
        throw invalid('applicationId', 'is not an application of this team');
      }
      return { applicationId: application.id, instanceId: null };
    }
    return { applicationId: null, instanceId: null };
  }

  async #require(tx: Transaction, id: string): Promise<DeviceRow> {
    const device = await tx.stores.devices.find(id);
    if (device === null) {
      throw notFound('device');
    }
    return device;
  }

  async #record(
    tx: Transaction,
    actor: Actor,
    event: AuditEventName,
    device: DeviceRow,
    details?: Record<string, unknown>,
  ): Promise<void> {
    await tx.audit({
      event,
      actor: auditActor(actor, device.name),
      teamId: device.teamId,
      applicationId: device.applicationId,
      subject: { kind: 'device', id: device.id, name: device.name },
      ...(details && { details }),
    });
    tx.announce({
      kind: 'device',
      id: device.id,
      teamId: device.teamId,
      applicationId: device.applicationId,
    });
  }
}
