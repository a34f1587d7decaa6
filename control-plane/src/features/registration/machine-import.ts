import { type Modules, type SnapshotManifest, summariseFlows } from '@flowyard/protocol';
import { auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { newId } from '../../ids.ts';
import type { Vault } from '../../secrets/vault.ts';
import { resolveTarget } from '../devices/presenter.ts';
import { requireDevice } from '../devices/require-device.ts';
import { type ImportedNodeRed, openCredentials, refuseTwice } from '../instances/import.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import type { TargetService } from '../snapshots/target-service.ts';
import { refuseBeyondLimit } from '../team-types/limits.ts';

/** Agents cannot embed an older one. */
const OLDEST_MAJOR = 4;

interface Parts {
  db: Database;
  vault: Vault;
  targets: TargetService;
  /** The version that the platform brings along. */
  nodeRed: string;
}

interface FoundNodeRed extends ImportedNodeRed {
  name: string;
  modules?: Modules | undefined;
  nodeRed?: string | undefined;
}

/** Takes over the Node-RED that was on a machine before it became a device: as a snapshot of the device. */
export class MachineImport {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The snapshot becomes the target of a device that has none, so that the flows go on as they were. */
  async take(deviceId: string, found: FoundNodeRed): Promise<{ snapshotId: string; isTarget: boolean }> {
    const { db, targets } = this.#parts;
    refuseTwice(found.flows);
    return db.transact(async (tx) => {
      const actor = { kind: 'device', deviceId } as const;
      const device = await requireDevice(tx.stores, deviceId);
      const { teamId, applicationId } = device;
      await tx.stores.teams.lock(teamId);
      const snapshot: SnapshotRow = {
        id: newId(),
        teamId,
        applicationId,
        instanceId: null,
        deviceId,
        ownerName: device.name,
        name: found.name,
        description: 'What ran on the machine before it became a device.',
        kind: 'import',
        author: device.name,
        manifest: JSON.stringify(await this.#manifest(tx, found)),
        ...summariseFlows(found.flows),
        createdAt: new Date().toISOString(),
      };
      await tx.stores.snapshots.insert(snapshot);
      await refuseBeyondLimit(tx, teamId, 'snapshots');
      await refuseBeyondLimit(tx, teamId, 'storageMb');
      await tx.audit({
        event: 'snapshot.created',
        actor: auditActor(actor, device.name),
        teamId,
        applicationId,
        subject: { kind: 'snapshot', id: snapshot.id, name: snapshot.name },
        details: { owner: device.name, kind: snapshot.kind },
      });
      tx.announce({ kind: 'snapshot', id: snapshot.id, teamId, applicationId });
      const isTarget = resolveTarget(device) === null;
      if (isTarget) {
        await targets.setInTransaction(tx, actor, { kind: 'device', id: deviceId }, snapshot.id);
      }
      return { snapshotId: snapshot.id, isTarget };
    });
  }

  async #manifest(tx: Transaction, found: FoundNodeRed): Promise<SnapshotManifest> {
    const credentials = openCredentials(found);
    const isUsable = Number(found.nodeRed?.split('.')[0]) >= OLDEST_MAJOR;
    return {
      version: 1,
      flows: await tx.stores.blobs.put(Buffer.from(JSON.stringify(found.flows))),
      credentials:
        credentials === null
          ? null
          : await tx.stores.blobs.put(this.#parts.vault.sealBytes(Buffer.from(JSON.stringify(credentials)))),
      variables: [],
      modules: found.modules ?? {},
      lock: null,
      nodeRed: isUsable && found.nodeRed !== undefined ? found.nodeRed : this.#parts.nodeRed,
      nodeJs: process.versions.node,
    };
  }
}
