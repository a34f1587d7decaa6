import type { DeviceVariables, VariableInput, VariableView } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { notFound } from '../../errors.ts';
import type { Vault } from '../../secrets/vault.ts';
import { placeInGroup, readDeviceVariables, resolveDeviceVariables } from '../devices/device-levels.ts';
import { resolveTarget } from '../devices/presenter.ts';
import { isTargetPushed, variablesAsRun } from '../devices/pushed-target.ts';
import { requireDevice, requireGroup } from '../devices/require-device.ts';
import { manifestOf } from '../snapshots/manifest.ts';
import type { TargetService } from '../snapshots/target-service.ts';
import type { VariableOwner } from './store.ts';
import { changedNames, showVariable, toVariables } from './variable-input.ts';

interface Named {
  id: string;
  name: string;
  teamId: string | null;
  applicationId: string | null;
}

/** Variables besides those of an instance: of the platform, of a team, of an application, of devices and their groups. */
export class VariableService {
  readonly #db: Database;
  readonly #vault: Vault;
  readonly #targets: TargetService;

  constructor(parts: { db: Database; vault: Vault; targets: TargetService }) {
    this.#db = parts.db;
    this.#vault = parts.vault;
    this.#targets = parts.targets;
  }

  async list(owner: VariableOwner): Promise<VariableView[]> {
    return (await this.#db.stores.variables.list(owner)).map(showVariable);
  }

  async ofDevice(id: string): Promise<DeviceVariables> {
    const { stores } = this.#db;
    const device = await requireDevice(stores, id);
    const target = resolveTarget(device);
    const snapshot = target && (await stores.snapshots.find(target.snapshotId));
    const variables = (await readDeviceVariables(stores, [device]))(device);
    const of = snapshot && {
      ...snapshot,
      variables: variablesAsRun(manifestOf(snapshot).variables, isTargetPushed(device)),
    };
    return {
      items: variables.device.sort(byName).map(showVariable),
      resolved: shown(resolveDeviceVariables(device, variables, of)),
    };
  }

  async ofGroup(id: string): Promise<DeviceVariables> {
    const { stores } = this.#db;
    const group = await requireGroup(stores, id);
    const application = await stores.applications.find(group.applicationId);
    const place = placeInGroup(group, application?.name ?? null);
    const variables = (await readDeviceVariables(stores, [place]))(place);
    const target = group.targetSnapshotId && (await stores.snapshots.find(group.targetSnapshotId));
    const of = target
      ? { ...target, variables: variablesAsRun(manifestOf(target).variables, group.targetPushed) }
      : null;
    return {
      items: variables.group.sort(byName).map(showVariable),
      resolved: shown(resolveDeviceVariables(place, variables, of)),
    };
  }

  async set(actor: Actor, owner: VariableOwner, items: VariableInput[]): Promise<VariableView[]> {
    await this.#db.transact((tx) => this.setInTransaction(tx, actor, owner, items));
    return this.list(owner);
  }

  async setInTransaction(
    tx: Transaction,
    actor: Actor,
    owner: VariableOwner,
    items: VariableInput[],
  ): Promise<void> {
    const { id, name, teamId, applicationId } = await this.#owner(tx, owner);
    const before = await tx.stores.variables.list(owner);
    const after = toVariables(items, before, this.#vault);
    const names = changedNames(before, after);
    await tx.stores.variables.replace(owner, after);
    await tx.audit({
      event: `${owner.kind}.variables-changed`,
      actor: auditActor(actor, name),
      teamId,
      applicationId,
      subject: { kind: owner.kind, id, name },
      details: { names },
    });
    if (owner.kind !== 'platform' && teamId !== null && names.length > 0) {
      tx.announce({ kind: owner.kind, id, teamId, applicationId });
      await this.#targets.retarget(tx, await devicesOf(tx, owner), { teamId, applicationId });
    }
  }

  async #owner(tx: Transaction, owner: VariableOwner): Promise<Named> {
    if (owner.kind === 'platform') {
      return { id: 'platform', name: 'Platform', teamId: null, applicationId: null };
    }
    if (owner.kind === 'device') {
      await tx.stores.devices.lock(owner.id);
      return requireDevice(tx.stores, owner.id);
    }
    if (owner.kind === 'device-group') {
      await tx.stores.deviceGroups.lock(owner.id);
      return requireGroup(tx.stores, owner.id);
    }
    const named = await tx.stores.variables.ownerName({ kind: owner.kind, id: owner.id });
    if (named === null) {
      throw notFound(owner.kind);
    }
    return {
      id: owner.id,
      name: named.name,
      teamId: named.teamId,
      applicationId: owner.kind === 'application' ? owner.id : null,
    };
  }
}

/** The devices that these variables reach. */
function devicesOf(tx: Transaction, owner: Exclude<VariableOwner, { kind: 'platform' }>): Promise<string[]> {
  const { devices } = tx.stores;
  switch (owner.kind) {
    case 'team':
      return devices.idsOf({ teamId: owner.id, hidden: [] });
    case 'application':
      return devices.idsOf({ applicationId: owner.id });
    case 'device-group':
      return devices.idsOf({ deviceGroupId: owner.id });
    case 'device':
      return Promise.resolve([owner.id]);
  }
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function shown(resolved: ReturnType<typeof resolveDeviceVariables>): DeviceVariables['resolved'] {
  return [...resolved.values()].map(({ value, origin }) => ({ ...showVariable(value), origin })).sort(byName);
}
