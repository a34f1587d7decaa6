import type { DeviceTarget, SnapshotManifest } from '@flowyard/protocol';
import type { Database } from '../../db/database.ts';
import { notFound } from '../../errors.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { SnapshotApplier } from '../snapshots/applier.ts';
import { digestOf } from '../snapshots/blob-store.ts';
import { manifestOf } from '../snapshots/manifest.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import {
  type DeviceVariables,
  readDeviceVariables,
  targetSettings,
  targetTrial,
  targetVariables,
} from './device-levels.ts';
import type { TargetRow } from './device-row.ts';
import { resolveTarget } from './presenter.ts';
import { isTargetPushed, variablesForAgent } from './pushed-target.ts';

interface Parts {
  db: Database;
  vault: Vault;
  applier: SnapshotApplier;
  /** The version of Node-RED that a device begins with in developer mode when it has none. */
  nodeRed: string;
}

/** A snapshot as it is stored, and as agents get it. */
interface SentSnapshot {
  stored: SnapshotManifest;
  set: NonNullable<DeviceTarget['snapshot']>;
  pushed: NonNullable<DeviceTarget['snapshot']>;
}

/** What devices should be, as their agents get it. */
export class DeviceTargets {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  /**
   * The targets of those devices that are there, one after the other; three queries, however many they are.
   * Whoever sends each of them at once has the first device begin before the last target is made.
   */
  async *read(deviceIds: string[]): AsyncGenerator<[deviceId: string, target: DeviceTarget]> {
    const devices = await this.#db.stores.devices.findForTargets(deviceIds);
    const snapshots = await this.#snapshotsOf(devices);
    const variablesOf = await readDeviceVariables(this.#db.stores, devices);
    for (const device of devices) {
      const snapshot = await this.#snapshotFor(device, snapshots);
      yield [device.id, this.#target(device, snapshot, variablesOf(device))];
    }
  }

  /** Read once for all devices that have the same. */
  async #snapshotsOf(devices: readonly TargetRow[]): Promise<Map<string, SentSnapshot>> {
    const ids = new Set(
      devices.map((device) => resolveTarget(device)?.snapshotId).filter((id) => id !== undefined),
    );
    const rows = await this.#db.stores.snapshots.findMany([...ids]);
    return new Map([...rows.values()].map((row) => [row.id, sent(row)]));
  }

  #target(device: TargetRow, snapshot: DeviceTarget['snapshot'], variables: DeviceVariables): DeviceTarget {
    const settings = targetSettings(device);
    return {
      generation: device.generation,
      desired: device.desired,
      restarts: device.restarts,
      retries: device.retries,
      device: { name: device.name, applicationName: device.applicationName, teamId: device.teamId },
      snapshot,
      settings,
      variables: targetVariables(variables, this.#parts.vault),
      mode: device.mode,
      developer:
        device.mode === 'developer'
          ? { identityKey: this.#parts.vault.identityKey, nodeRed: this.#parts.nodeRed }
          : null,
      trial: targetTrial(settings),
    };
  }

  /** The snapshot with the credentials as this device gets them: encrypted with its own secret. */
  async #snapshotFor(
    device: TargetRow,
    snapshots: ReadonlyMap<string, SentSnapshot>,
  ): Promise<DeviceTarget['snapshot']> {
    const snapshot = snapshots.get(resolveTarget(device)?.snapshotId ?? '');
    if (snapshot === undefined) {
      return null;
    }
    const sent = isTargetPushed(device) ? snapshot.pushed : snapshot.set;
    if (snapshot.stored.credentials === null) {
      return sent;
    }
    const credentials = await this.#credentialsFor(device, snapshot.stored);
    return { ...sent, manifest: { ...sent.manifest, credentials: credentials && digestOf(credentials) } };
  }

  #credentialsFor(device: TargetRow, manifest: SnapshotManifest): Promise<Buffer | null> {
    return this.#parts.applier.credentialsFor(manifest, this.#parts.vault.unseal(device.credentialSecret));
  }

  /** One part of the target of a device. Other parts do not exist for it. */
  async readBlob(deviceId: string, digest: string): Promise<Buffer> {
    const [device] = await this.#db.stores.devices.findForTargets([deviceId]);
    const target = device && resolveTarget(device);
    const snapshot = target && (await this.#db.stores.snapshots.find(target.snapshotId));
    if (!device || !snapshot) {
      throw notFound('part of the target');
    }
    const manifest = manifestOf(snapshot);
    if (manifest.flows === digest || manifest.lock === digest) {
      return this.#db.stores.blobs.get(digest, `snapshot ${snapshot.name}`);
    }
    const credentials = await this.#credentialsFor(device, manifest);
    if (credentials === null || digestOf(credentials) !== digest) {
      throw notFound('part of the target');
    }
    return credentials;
  }
}

function sent(row: SnapshotRow): SentSnapshot {
  const { id, name } = row;
  const stored = manifestOf(row);
  return {
    stored,
    set: { id, name, manifest: forAgent(stored, false) },
    pushed: { id, name, manifest: forAgent(stored, true) },
  };
}

/** What is kept for comparing snapshots is of no use to a device, and values do not come with a push. */
function forAgent(
  { settings: _settings, variables, ...manifest }: SnapshotManifest,
  pushed: boolean,
): SnapshotManifest {
  return { ...manifest, variables: variablesForAgent(variables, pushed) };
}
