import type { Modules, SnapshotManifest } from '@flowyard/protocol';
import type { Database, Transaction } from '../../db/database.ts';
import type { Vault } from '../../secrets/vault.ts';
import { keepDeviceSnapshot } from '../devices/keep-snapshot.ts';
import { resolveTarget } from '../devices/presenter.ts';
import { requireDevice } from '../devices/require-device.ts';
import { type ImportedNodeRed, openCredentials, refuseTwice } from '../instances/import.ts';
import { keepLockFile } from '../snapshots/lock-files.ts';
import { sealCredentials } from '../snapshots/seal-credentials.ts';
import type { TargetService } from '../snapshots/target-service.ts';

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
      await tx.stores.teams.lock(device.teamId);
      const { id: snapshotId } = await keepDeviceSnapshot(tx, actor, device, {
        name: found.name,
        description: 'What ran on the machine before it became a device.',
        kind: 'import',
        flows: found.flows,
        ...(await this.#manifest(tx, found)),
      });
      const isTarget = resolveTarget(device) === null;
      if (isTarget) {
        await targets.setInTransaction(tx, actor, { kind: 'device', id: deviceId }, snapshotId);
      }
      return { snapshotId, isTarget };
    });
  }

  async #manifest(
    tx: Transaction,
    found: FoundNodeRed,
  ): Promise<{ manifest: SnapshotManifest; lockProblem: string | null }> {
    const isUsable = Number(found.nodeRed?.split('.')[0]) >= OLDEST_MAJOR;
    const { modules = {} } = found;
    const { lock, problem } = await keepLockFile(tx, found.lock ?? null, modules, 'machine');
    const manifest: SnapshotManifest = {
      version: 1,
      flows: await tx.stores.blobs.put(Buffer.from(JSON.stringify(found.flows))),
      credentials: await sealCredentials(tx, this.#parts.vault, openCredentials(found)),
      variables: [],
      modules,
      lock,
      nodeRed: isUsable && found.nodeRed !== undefined ? found.nodeRed : this.#parts.nodeRed,
      nodeJs: process.versions.node,
    };
    return { manifest, lockProblem: problem };
  }
}
