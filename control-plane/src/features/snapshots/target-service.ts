import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import type { Changes } from '../../relay/changes.ts';
import type { WantedSnapshot } from '../devices/pushed-target.ts';
import type { SnapshotRow } from './store.ts';

/** What can have a target snapshot. */
export interface TargetOwner {
  kind: 'instance' | 'device' | 'device-group';
  id: string;
}

interface Place {
  name: string;
  teamId: string;
  applicationId: string | null;
}

/** Snapshots of devices that belong to no application stay within their team. */
function isOf(snapshot: SnapshotRow | null, place: Place, within: Within): boolean {
  const near = within === 'team' || snapshot?.applicationId === place.applicationId;
  return near && snapshot?.teamId === place.teamId;
}

/** From where a target may come: a pipeline may lead through several applications of a team. */
type Within = 'application' | 'team';

/** A deployment decides what each device of a group runs as long as it is under way. */
async function refuseDuringDeployment(tx: Transaction, owner: TargetOwner): Promise<void> {
  const running = owner.kind === 'device-group' && (await tx.stores.deployments.unfinishedInto(owner));
  if (running) {
    throw conflict(
      'deployment_running',
      `${running.author} is pushing “${running.snapshotName}” to this group. Wait for it or abort it first.`,
      { deploymentId: running.id },
    );
  }
}

/** Target snapshots: what devices should run, by themselves, through their group, or through their instance. */
export class TargetService {
  readonly #db: Database;
  readonly #changes: Changes;

  constructor(parts: { db: Database; changes: Changes }) {
    this.#db = parts.db;
    this.#changes = parts.changes;
  }

  async set(
    actor: Actor,
    owner: TargetOwner,
    snapshotId: string | null,
  ): Promise<{ snapshotId: string | null }> {
    await this.#db.transact(async (tx) => {
      await refuseDuringDeployment(tx, owner);
      await this.setInTransaction(tx, actor, owner, snapshotId);
    });
    return { snapshotId };
  }

  /** `pushed`: a push brings it, and no values of variables with it. */
  async setInTransaction(
    tx: Transaction,
    actor: Actor,
    owner: TargetOwner,
    snapshotId: string | null,
    { within = 'application', pushed = false }: { within?: Within; pushed?: boolean } = {},
  ): Promise<void> {
    const place = await this.#place(tx, owner);
    const snapshot = snapshotId === null ? null : await tx.stores.snapshots.find(snapshotId);
    if (snapshotId !== null && !isOf(snapshot, place, within)) {
      throw invalid('snapshotId', `is not a snapshot of the same ${within}`);
    }
    await this.#store(tx, owner, { snapshotId, pushed });
    await tx.audit({
      event: `${owner.kind}.target-set`,
      actor: auditActor(actor, place.name),
      teamId: place.teamId,
      applicationId: place.applicationId,
      subject: { kind: owner.kind, id: owner.id, name: place.name },
      details: { snapshotId, snapshot: snapshot?.name ?? null },
    });
    tx.announce({ kind: owner.kind, id: owner.id, teamId: place.teamId, applicationId: place.applicationId });
    // Who sets a target that a device gave up before wants it tried again.
    const retries = snapshotId === null ? 0 : 1;
    await this.retarget(tx, await this.#devicesOf(tx, owner), place, retries);
  }

  /** The targets of these devices are others now: they are told after the commit. `retries` are added to theirs. */
  async retarget(
    tx: Transaction,
    deviceIds: string[],
    place: { teamId: string; applicationId: string | null },
    retries = 0,
  ): Promise<void> {
    await tx.stores.devices.bumpGeneration(deviceIds, retries);
    this.announce(tx, deviceIds, place);
  }

  /** Their generations have grown: they are told after the commit. */
  announce(
    tx: Transaction,
    deviceIds: string[],
    place: { teamId: string; applicationId: string | null },
  ): void {
    for (const id of deviceIds) {
      tx.announce({ kind: 'device', id, ...place });
    }
    tx.afterCommit(() => this.#changes.emit('targets', { deviceIds }));
  }

  /** Devices are gone: their connections are to be closed. */
  forget(deviceIds: string[]): void {
    this.#changes.emit('targets', { deviceIds });
  }

  async #place(tx: Transaction, owner: TargetOwner): Promise<Place> {
    const { stores } = tx;
    const found =
      owner.kind === 'instance'
        ? await stores.instances.find(owner.id)
        : owner.kind === 'device'
          ? await stores.devices.find(owner.id)
          : await this.#groupPlace(tx, owner.id);
    if (found === null) {
      throw notFound(owner.kind.replace('-', ' '));
    }
    return found;
  }

  async #groupPlace(tx: Transaction, id: string): Promise<Place | null> {
    const group = await tx.stores.deviceGroups.findHead(id);
    const place = group && (await tx.stores.scopes.find('device-group', id, null));
    return group && place
      ? { name: group.name, teamId: place.teamId, applicationId: place.applicationId }
      : null;
  }

  async #store(tx: Transaction, owner: TargetOwner, wanted: WantedSnapshot): Promise<void> {
    switch (owner.kind) {
      case 'instance':
        return tx.stores.instances.setTargetSnapshot(owner.id, wanted.snapshotId);
      case 'device':
        return tx.stores.devices.setTarget([owner.id], wanted);
      case 'device-group':
        await tx.stores.devices.clearRollout(owner.id);
        return tx.stores.deviceGroups.setTarget(owner.id, wanted);
    }
  }

  async #devicesOf(tx: Transaction, owner: TargetOwner): Promise<string[]> {
    switch (owner.kind) {
      case 'instance':
        return tx.stores.devices.idsOf({ instanceId: owner.id });
      case 'device':
        return [owner.id];
      case 'device-group':
        return tx.stores.devices.idsOf({ deviceGroupId: owner.id });
    }
  }
}
