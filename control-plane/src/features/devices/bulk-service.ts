import { type BulkAction, type BulkResult, roleMay } from '@flowyard/protocol';
import type { UserActor } from '../../access/actor.ts';
import type { Access } from '../../access/authorize.ts';
import type { Database } from '../../db/database.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { TargetService } from '../snapshots/target-service.ts';
import type { DeviceRow } from './device-row.ts';
import { assignOperation } from './operations/assign.ts';
import { controlOperation } from './operations/control.ts';
import { deleteOperation } from './operations/delete.ts';
import { groupOperation } from './operations/group.ts';
import { labelOperation, mergeLabels } from './operations/labels.ts';
import type { DeviceOperation } from './operations/operation.ts';
import { perform } from './operations/perform.ts';
import { rollBackOperation, targetOperation } from './operations/target.ts';
import { variableOperation } from './operations/variables.ts';

interface Parts {
  db: Database;
  vault: Vault;
  targets: TargetService;
  access: Access;
}

const NOT_ALLOWED = 'Your role there does not allow this. Ask an owner of the team.';

/** The same done to many devices of a team in one transaction. */
export class BulkService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async change(
    actor: UserActor,
    teamId: string,
    deviceIds: readonly string[],
    change: BulkAction,
  ): Promise<{ results: BulkResult[]; done: number; refused: number }> {
    const { db, targets, access } = this.#parts;
    await this.#authorize(actor, change);
    const roleIn = await access.rolesIn(actor, teamId);
    const operation = this.#operation(teamId, change);
    const ids = [...new Set(deviceIds)];
    const results = await db.transact(async (tx) => {
      await tx.stores.teams.lock(teamId);
      const visible = new Map<string, DeviceRow>();
      for (const device of await tx.stores.devices.findMany(ids)) {
        if (device.teamId === teamId && roleMay(roleIn(device.applicationId), 'device:read')) {
          visible.set(device.id, device);
        }
      }
      const allowed = [...visible.values()].filter(({ applicationId }) =>
        roleMay(roleIn(applicationId), operation.permission),
      );
      const { done, refusals } = await perform(tx, targets, actor, allowed, operation);
      return ids.map((deviceId): BulkResult => {
        const name = visible.get(deviceId)?.name ?? null;
        if (name === null) {
          return { deviceId, name, outcome: 'not-found', reason: null };
        }
        return done.has(deviceId)
          ? { deviceId, name, outcome: 'done', reason: null }
          : { deviceId, name, outcome: 'refused', reason: refusals.get(deviceId)?.refusal ?? NOT_ALLOWED };
      });
    });
    const done = results.filter(({ outcome }) => outcome === 'done').length;
    return { results, done, refused: results.length - done };
  }

  /** The right where devices go; where they are is looked at for each. */
  async #authorize(actor: UserActor, change: BulkAction): Promise<void> {
    const { access } = this.#parts;
    if (change.action === 'assign' && change.applicationId !== undefined) {
      await access.authorize(actor, 'device:edit', 'application', change.applicationId);
    }
    if (change.action === 'assign' && change.instanceId !== undefined) {
      await access.authorize(actor, 'device:edit', 'instance', change.instanceId);
    }
    if (change.action === 'move-to-group' && change.deviceGroupId !== null) {
      await access.authorize(actor, 'device-group:edit', 'device-group', change.deviceGroupId);
    }
  }

  #operation(teamId: string, change: BulkAction): DeviceOperation<unknown> {
    return this.#choose(teamId, change) as DeviceOperation<unknown>;
  }

  #choose(teamId: string, change: BulkAction) {
    switch (change.action) {
      case 'assign':
        return assignOperation(teamId, change);
      case 'move-to-group':
        return groupOperation(teamId, change.deviceGroupId);
      case 'delete':
        return deleteOperation();
      case 'set-variables':
        return variableOperation(change, this.#parts.vault);
      case 'set-labels':
        return labelOperation((labels) => mergeLabels(labels, change.add, change.remove));
      case 'set-target':
        return targetOperation(change.snapshotId);
      case 'rollback':
        return rollBackOperation();
      default:
        return controlOperation(change.action);
    }
  }
}
