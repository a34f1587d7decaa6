import { randomBytes } from 'node:crypto';
import type {
  AuditEventName,
  DeviceAction,
  DeviceCredentials,
  DeviceListQuery,
  Page,
  TargetOnMove,
} from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { hashToken, newToken } from '../../secrets/tokens.ts';
import type { Vault } from '../../secrets/vault.ts';
import { claimedWords, membershipOf } from '../device-groups/label-rule.ts';
import type { TargetService } from '../snapshots/target-service.ts';
import { refuseMissingFeature } from '../team-types/features.ts';
import { refuseBeyondLimit } from '../team-types/limits.ts';
import type { DeviceRow } from './device-row.ts';
import { type Assignment, assignOperation, findDestination } from './operations/assign.ts';
import { controlOperation } from './operations/control.ts';
import { deleteOperation } from './operations/delete.ts';
import { labelOperation } from './operations/labels.ts';
import type { DeviceOperation } from './operations/operation.ts';
import { performOne } from './operations/perform.ts';
import { type AssignmentPreview, previewMove } from './operations/preview-move.ts';
import { rollBackOperation } from './operations/target.ts';
import { requireDevice } from './require-device.ts';
import type { DeviceFilter } from './store.ts';

interface Parts {
  db: Database;
  vault: Vault;
  targets: TargetService;
  publicUrl: () => string;
}

export interface NewDevice extends Assignment {
  name: string;
  type?: string | undefined;
  deviceGroupId?: string | undefined;
}

/** Devices: registering them, assigning them, and saying what they should do. */
export class DeviceService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  get(id: string): Promise<DeviceRow> {
    return requireDevice(this.#db.stores, id);
  }

  list(filter: DeviceFilter, query: DeviceListQuery): Promise<Page<DeviceRow>> {
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
    const destination = await findDestination(tx, teamId, input);
    const assignment = {
      applicationId: destination.assignedApplicationId,
      instanceId: destination.instanceId,
    };
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
    await this.#labelForGroup(tx, credentials.deviceId);
    await refuseBeyondLimit(tx, teamId, 'devices');
    await refuseMissingFeature(tx.stores, teamId, 'devices');
    await this.#record(tx, actor, 'device.created', await requireDevice(tx.stores, credentials.deviceId), {
      ...assignment,
    });
    return credentials;
  }

  async update(
    actor: Actor,
    id: string,
    changes: { name?: string | undefined; type?: string | undefined; labels?: string[] | undefined },
  ): Promise<DeviceRow> {
    const { labels, ...texts } = changes;
    await this.#db.transact(async (tx) => {
      if (labels !== undefined) {
        await this.#perform(
          tx,
          actor,
          id,
          labelOperation(() => [...labels]),
        );
      }
      if (Object.values(texts).some((text) => text !== undefined) || labels === undefined) {
        const before = await requireDevice(tx.stores, id);
        await tx.stores.devices.update(id, texts);
        await this.#record(tx, actor, 'device.changed', before, {
          before: { name: before.name, type: before.type },
          after: texts,
        });
      }
    });
    return this.get(id);
  }

  /** A device that changes its place leaves its group. What becomes of its target can be said. */
  async assign(
    actor: Actor,
    id: string,
    to: Assignment & { target?: TargetOnMove | undefined },
  ): Promise<DeviceRow> {
    await this.#db.transact(async (tx) => {
      const { teamId } = await requireDevice(tx.stores, id);
      await this.#perform(tx, actor, id, assignOperation(teamId, to));
    });
    return this.get(id);
  }

  /** What a device would run elsewhere. */
  async previewAssignment(id: string, to: Assignment): Promise<AssignmentPreview> {
    const device = await this.get(id);
    return previewMove(this.#db.stores, device, to);
  }

  async control(actor: Actor, id: string, action: DeviceAction): Promise<DeviceRow> {
    await this.#db.transact((tx) =>
      action === 'rollback'
        ? this.#perform(tx, actor, id, rollBackOperation())
        : this.#perform(tx, actor, id, controlOperation(action)),
    );
    return this.get(id);
  }

  async delete(actor: Actor, id: string): Promise<void> {
    await this.#db.transact((tx) => this.#perform(tx, actor, id, deleteOperation()));
  }

  async #perform<C>(tx: Transaction, actor: Actor, id: string, operation: DeviceOperation<C>): Promise<void> {
    const { teamId } = await requireDevice(tx.stores, id);
    await tx.stores.teams.lock(teamId);
    const device = await requireDevice(tx.stores, id);
    await performOne(tx, this.#parts.targets, actor, device, operation);
  }

  /** Whoever joins a group that takes its devices by labels gets these labels. */
  async #labelForGroup(tx: Transaction, id: string): Promise<void> {
    const device = await requireDevice(tx.stores, id);
    if (device.groupRule === null || device.assignedApplicationId === null) {
      return;
    }
    await tx.stores.devices.setLabels([id], device.groupRule);
    const rules = await tx.stores.deviceGroups.rulesOf(device.assignedApplicationId);
    const membership = membershipOf({ ...device, labels: device.groupRule }, rules);
    if ('claimedBy' in membership) {
      throw conflict('two_groups', claimedWords(device.name, membership.claimedBy));
    }
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
