import { auditActor, SYSTEM } from '../../access/actor.ts';
import type { Transaction } from '../../db/database.ts';
import type { SnapshotApplier } from '../snapshots/applier.ts';
import type { SnapshotService } from '../snapshots/service.ts';
import type { TargetService } from '../snapshots/target-service.ts';
import { authorOf } from './deployment-records.ts';
import type { DeploymentRow } from './deployment-row.ts';
import type { DeploymentTargetRow } from './deployment-target-store.ts';
import type { Push } from './push.ts';
import { FAILED_STATES } from './target-facts.ts';

interface Parts {
  snapshots: SnapshotService;
  applier: SnapshotApplier;
  targets: TargetService;
}

/** What a deployment does to its targets: telling them, taking it back, and what remains when it has ended. */
export class DeploymentTargets {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Has targets run the snapshot: devices of a group by what the group tells each, others by what is set for them. */
  async tell(tx: Transaction, { deployment, place, scope }: Push, ids: string[]): Promise<void> {
    if (ids.length === 0) {
      return;
    }
    if (place.kind === 'instance') {
      await this.#applyToInstance(tx, deployment, place.id);
    } else if (place.kind === 'device') {
      await this.#parts.targets.setInTransaction(tx, authorOf(deployment), place, deployment.snapshotId, {
        within: 'team',
        pushed: true,
      });
    } else {
      // Whoever pushes what a device gave up before wants it tried again.
      await tx.stores.devices.setRolloutSnapshot(place.id, ids, deployment.snapshotId, 1);
      this.#parts.targets.announce(tx, ids, scope);
    }
  }

  /** Devices of a group that were told fall back to the target of their group. */
  async untell(tx: Transaction, { place, scope }: Push, ids: string[]): Promise<void> {
    if (place.kind === 'device-group' && ids.length > 0) {
      await tx.stores.devices.setRolloutSnapshot(place.id, ids, null, 0);
      this.#parts.targets.announce(tx, ids, scope);
    }
  }

  /** The snapshot is the target of the group from now on, for those that were passed over and those that join, too. */
  async settle(tx: Transaction, push: Push): Promise<void> {
    const { deployment, place, scope } = push;
    if (place.kind !== 'device-group') {
      return;
    }
    const { devices, deviceGroups } = tx.stores;
    const late = await devices.idsNotTold(place.id, deployment.snapshotId);
    await deviceGroups.setTarget(place.id, { snapshotId: deployment.snapshotId, pushed: true });
    await devices.clearRollout(place.id);
    await this.#recordGroup(tx, push, deployment.snapshotId);
    await this.#parts.targets.retarget(tx, late, scope, 1);
  }

  /** All that were told go back to what was wanted there before. */
  async turnBack(tx: Transaction, push: Push, targets: readonly DeploymentTargetRow[]) {
    const { deployment, place } = push;
    if (place.kind === 'instance') {
      for (const target of targets) {
        await this.#returnTo(tx, deployment, target);
      }
    } else if (place.kind === 'device') {
      const { previousTargetId, previousPushed: pushed } = deployment;
      const back = { within: 'team', pushed } as const;
      await this.#parts.targets.setInTransaction(tx, authorOf(deployment), place, previousTargetId, back);
    } else {
      await this.#turnBackGroup(tx, push);
    }
  }

  async #turnBackGroup(tx: Transaction, push: Push): Promise<void> {
    const { deployment, scope } = push;
    const groupId = push.place.id;
    const { devices, deviceGroups } = tx.stores;
    const all = await devices.idsOf({ deviceGroupId: groupId });
    const group = await deviceGroups.findHead(groupId);
    const settled = group?.targetSnapshotId === deployment.snapshotId;
    const untold = settled ? [] : await devices.idsNotTold(groupId, deployment.snapshotId);
    await devices.clearRollout(groupId);
    if (settled) {
      const { previousTargetId: snapshotId, previousPushed: pushed } = deployment;
      await deviceGroups.setTarget(groupId, { snapshotId, pushed });
      await this.#recordGroup(tx, push, deployment.previousTargetId);
    }
    const stay = new Set(untold);
    await this.#parts.targets.retarget(
      tx,
      all.filter((id) => !stay.has(id)),
      scope,
    );
  }

  async #recordGroup(
    tx: Transaction,
    { deployment, place, scope }: Push,
    snapshotId: string | null,
  ): Promise<void> {
    const group = await tx.stores.deviceGroups.findHead(place.id);
    const name = group?.name ?? place.id;
    await tx.audit({
      event: 'device-group.target-set',
      actor: auditActor(authorOf(deployment), name),
      ...scope,
      subject: { kind: 'device-group', id: place.id, name },
      details: { snapshotId, snapshot: group?.targetSnapshotName ?? null },
    });
    tx.announce({ kind: 'device-group', id: place.id, ...scope });
  }

  async #applyToInstance(tx: Transaction, deployment: DeploymentRow, instanceId: string): Promise<void> {
    const instance = await tx.stores.instances.find(instanceId);
    const snapshot = await tx.stores.snapshots.find(deployment.snapshotId);
    if (instance === null || snapshot === null) {
      return;
    }
    const actor = authorOf(deployment);
    const name = `Before push of ${deployment.snapshotName}`.slice(0, 120);
    const safety = await this.#parts.snapshots.takeInTransaction(tx, actor, instance, { name, kind: 'auto' });
    await this.#parts.applier.apply(tx, actor, instance, snapshot, 'names-only');
    if (FAILED_STATES.has(instance.state)) {
      await tx.stores.instances.addRestart(instance.id);
    }
    await tx.stores.deploymentTargets.setPrevious(deployment.id, instanceId, safety.id);
  }

  /** A hosted instance that does not come up with the snapshot goes back to what it ran; gives the name of that. */
  async returnInstance(
    tx: Transaction,
    deployment: DeploymentRow,
    target: DeploymentTargetRow,
  ): Promise<string | null> {
    const instance = await tx.stores.instances.find(target.targetId);
    const previous = await this.#returnTo(tx, deployment, target);
    if (instance === null || previous === null) {
      return null;
    }
    await tx.stores.instances.addUnheldRestart(instance.id);
    await tx.audit({
      event: 'instance.returned',
      actor: auditActor(SYSTEM),
      teamId: instance.teamId,
      applicationId: instance.applicationId,
      subject: { kind: 'instance', id: instance.id, name: instance.name },
      details: { from: deployment.snapshotName, to: previous },
    });
    return previous;
  }

  async #returnTo(
    tx: Transaction,
    deployment: DeploymentRow,
    target: DeploymentTargetRow,
  ): Promise<string | null> {
    const instance = await tx.stores.instances.find(target.targetId);
    const previous = target.previousSnapshotId && (await tx.stores.snapshots.find(target.previousSnapshotId));
    if (instance === null || !previous || instance.runningSnapshotId !== deployment.snapshotId) {
      return null;
    }
    await this.#parts.applier.apply(tx, SYSTEM, instance, previous, 'names-only');
    return previous.name;
  }
}
