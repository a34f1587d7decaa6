import type { AuditEventName, ListQuery, Page } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import type { TargetService } from '../snapshots/target-service.ts';
import type { DeviceGroupRow } from './store.ts';

/** Device groups of an application and who is in them. */
export class DeviceGroupService {
  readonly #db: Database;
  readonly #targets: TargetService;

  constructor(parts: { db: Database; targets: TargetService }) {
    this.#db = parts.db;
    this.#targets = parts.targets;
  }

  async get(id: string): Promise<DeviceGroupRow> {
    const group = await this.#db.stores.deviceGroups.find(id);
    if (group === null) {
      throw notFound('device group');
    }
    return group;
  }

  list(applicationId: string, query: ListQuery): Promise<Page<DeviceGroupRow>> {
    return this.#db.stores.deviceGroups.list(applicationId, query);
  }

  async create(
    actor: Actor,
    place: { teamId: string; applicationId: string },
    input: { name: string; description?: string | undefined },
  ): Promise<DeviceGroupRow> {
    const id = newId();
    await this.#db.transact(async (tx) => {
      const group = {
        id,
        applicationId: place.applicationId,
        name: input.name,
        description: input.description ?? '',
      };
      await tx.stores.deviceGroups.insert({ ...group, createdAt: new Date().toISOString() });
      await this.#record(tx, actor, 'device-group.created', group, place.teamId);
    });
    return this.get(id);
  }

  async update(
    actor: Actor,
    teamId: string,
    id: string,
    changes: { name?: string | undefined; description?: string | undefined },
  ): Promise<DeviceGroupRow> {
    await this.#db.transact(async (tx) => {
      const before = await this.#require(tx, id);
      await tx.stores.deviceGroups.update(id, changes);
      await this.#record(tx, actor, 'device-group.changed', before, teamId, {
        before: { name: before.name, description: before.description },
        after: changes,
      });
    });
    return this.get(id);
  }

  /** Devices must be of the same application; one that is in another group moves. */
  async changeMembers(
    actor: Actor,
    teamId: string,
    id: string,
    change: { add?: string[] | undefined; remove?: string[] | undefined },
  ): Promise<DeviceGroupRow> {
    await this.#db.transact(async (tx) => {
      const group = await this.#require(tx, id);
      const add = [...new Set(change.add ?? [])];
      const remove = [...new Set(change.remove ?? [])];
      await this.#refuseStrangers(tx, group, add, remove);
      await tx.stores.devices.setGroup(remove, null);
      await tx.stores.devices.setGroup(add, id);
      await this.#record(tx, actor, 'device-group.members-changed', group, teamId, {
        added: add,
        removed: remove,
      });
      await this.#targets.retarget(tx, [...add, ...remove], { teamId, applicationId: group.applicationId });
    });
    return this.get(id);
  }

  async #refuseStrangers(
    tx: Transaction,
    group: DeviceGroupRow,
    add: string[],
    remove: string[],
  ): Promise<void> {
    const devices = new Map(
      (await tx.stores.devices.findMany([...add, ...remove])).map((device) => [device.id, device]),
    );
    for (const deviceId of add) {
      if (devices.get(deviceId)?.assignedApplicationId !== group.applicationId) {
        const name = devices.get(deviceId)?.name ?? deviceId;
        throw invalid(
          'add',
          `names ${name}, which is not assigned to the application of this group; assign it there first`,
        );
      }
    }
    for (const deviceId of remove) {
      if (devices.get(deviceId)?.deviceGroupId !== group.id) {
        throw invalid(
          'remove',
          `names ${devices.get(deviceId)?.name ?? deviceId}, which is not in this group`,
        );
      }
    }
  }

  async delete(actor: Actor, teamId: string, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const group = await this.#require(tx, id);
      const pipelines = await tx.stores.deviceGroups.pipelinesOf(id);
      if (pipelines.length > 0) {
        throw conflict(
          'in_use',
          `${group.name} is a stage of ${pipelines.join(', ')}. Remove that stage first.`,
          { pipelines },
        );
      }
      const members = await tx.stores.devices.idsOf({ deviceGroupId: id });
      await tx.stores.devices.setGroup(members, null);
      await tx.stores.deviceGroups.delete(id);
      await this.#record(tx, actor, 'device-group.deleted', group, teamId);
      await this.#targets.retarget(tx, members, { teamId, applicationId: group.applicationId });
    });
  }

  async #require(tx: Transaction, id: string): Promise<DeviceGroupRow> {
    const group = await tx.stores.deviceGroups.find(id);
    if (group === null) {
      throw notFound('device group');
    }
    return group;
  }

  async #record(
    tx: Transaction,
    actor: Actor,
    event: AuditEventName,
    group: { id: string; name: string; applicationId: string },
    teamId: string,
    details?: Record<string, unknown>,
  ): Promise<void> {
    await tx.audit({
      event,
      actor: auditActor(actor),
      teamId,
      applicationId: group.applicationId,
      subject: { kind: 'device-group', id: group.id, name: group.name },
      ...(details && { details }),
    });
    tx.announce({ kind: 'device-group', id: group.id, teamId, applicationId: group.applicationId });
  }
}
