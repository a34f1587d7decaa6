import type { AuditEventName, ListQuery, Page } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { byRuleWords } from '../devices/operations/group.ts';
import { forEachAlike } from '../devices/operations/operation.ts';
import type { TargetService } from '../snapshots/target-service.ts';
import { membershipOf } from './label-rule.ts';
import { planRule, type RulePlan } from './rule-plan.ts';
import type { DeviceGroupHead, DeviceGroupRow } from './store.ts';

const NAMED = 5;

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
    input: { name: string; description?: string | undefined; rule?: string[] | null | undefined },
  ): Promise<DeviceGroupRow> {
    const id = newId();
    await this.#db.transact(async (tx) => {
      const group = {
        id,
        applicationId: place.applicationId,
        name: input.name,
        description: input.description ?? '',
        rule: input.rule ?? null,
      };
      await tx.stores.teams.lock(place.teamId);
      await tx.stores.deviceGroups.insert({ ...group, createdAt: new Date().toISOString() });
      await this.#record(tx, actor, 'device-group.created', group, place.teamId, { rule: group.rule });
      await this.#applyRule(tx, actor, place.teamId, group, group.rule);
    });
    return this.get(id);
  }

  async update(
    actor: Actor,
    teamId: string,
    id: string,
    changes: {
      name?: string | undefined;
      description?: string | undefined;
      rule?: string[] | null | undefined;
    },
  ): Promise<DeviceGroupRow> {
    await this.#db.transact(async (tx) => {
      await tx.stores.teams.lock(teamId);
      const before = await this.#require(tx, id);
      await tx.stores.deviceGroups.update(id, changes);
      await this.#record(tx, actor, 'device-group.changed', before, teamId, {
        before: { name: before.name, description: before.description, rule: before.rule },
        after: changes,
      });
      await this.#applyRule(tx, actor, teamId, before, changes.rule ?? null);
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
      await tx.stores.teams.lock(teamId);
      const group = await this.#require(tx, id);
      if (group.rule !== null) {
        throw conflict('group_by_rule', byRuleWords(group.name, group.rule));
      }
      const add = [...new Set(change.add ?? [])];
      const remove = [...new Set(change.remove ?? [])];
      await this.#refuseStrangers(tx, group, add, remove);
      await this.#release(tx, group.applicationId, remove);
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
    group: DeviceGroupHead,
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
      await tx.stores.teams.lock(teamId);
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
      // Its own rule must not claim them any more.
      await tx.stores.deviceGroups.update(id, { rule: null });
      await this.#release(tx, group.applicationId, members);
      await tx.stores.deviceGroups.delete(id);
      await this.#record(tx, actor, 'device-group.deleted', group, teamId);
      await this.#targets.retarget(tx, members, { teamId, applicationId: group.applicationId });
    });
  }

  planRule(group: { id: string | null; applicationId: string }, rule: string[]): Promise<RulePlan> {
    return planRule(this.#db.stores, group, rule);
  }

  /** Takes devices out of their group; a rule that they fit has them then. */
  async #release(tx: Transaction, applicationId: string, ids: string[]): Promise<void> {
    const rules = await tx.stores.deviceGroups.rulesOf(applicationId);
    const devices = await tx.stores.devices.findMany(ids);
    const accepted = devices.map((device) => {
      const membership = membershipOf({ ...device, deviceGroupId: null }, rules);
      return { device, change: 'groupId' in membership ? membership.groupId : null };
    });
    await forEachAlike(accepted, (alike, groupId) => tx.stores.devices.setGroup(alike, groupId));
  }

  /** @throws AppError 409 when another rule has claimed some of the devices */
  async #applyRule(
    tx: Transaction,
    actor: Actor,
    teamId: string,
    group: { id: string; name: string; applicationId: string },
    rule: string[] | null,
  ): Promise<void> {
    if (rule === null) {
      return;
    }
    const plan = await planRule(tx.stores, group, rule);
    if (plan.claimed.length > 0) {
      const named = plan.claimed.slice(0, NAMED).map(({ device, by }) => `${device.name} (${by.name})`);
      const rest = plan.claimed.length > NAMED ? ` and ${plan.claimed.length - NAMED} more` : '';
      throw conflict(
        'claimed',
        `The rule of another group takes devices that have these labels: ${named.join(', ')}${rest}. A device fits one rule; name more labels, or change the other rule.`,
      );
    }
    const joined = plan.joins.map(({ id }) => id);
    await tx.stores.devices.setGroup(joined, group.id);
    await forEachAlike(
      plan.leaves.map(({ device, to }) => ({ device, change: to?.id ?? null })),
      (ids, groupId) => tx.stores.devices.setGroup(ids, groupId),
    );
    const left = plan.leaves.map(({ device }) => device.id);
    if (joined.length + left.length > 0) {
      await this.#record(tx, actor, 'device-group.members-changed', group, teamId, {
        added: joined,
        removed: left,
      });
      const { applicationId } = group;
      await this.#targets.retarget(tx, [...joined, ...left], { teamId, applicationId });
    }
  }

  async #require(tx: Transaction, id: string): Promise<DeviceGroupHead> {
    const group = await tx.stores.deviceGroups.findHead(id);
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
