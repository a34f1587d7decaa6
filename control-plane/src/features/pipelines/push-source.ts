import type { Flows, SnapshotManifest } from '@flowyard/protocol';
import type { Database } from '../../db/database.ts';
import type { Stores } from '../../db/stores.ts';
import { conflict, invalid } from '../../errors.ts';
import type { Vault } from '../../secrets/vault.ts';
import { resolveTarget } from '../devices/presenter.ts';
import type { DeviceSnapshotService } from '../devices/snapshot-service.ts';
import { surroundingsOf } from '../snapshots/instance-contents.ts';
import { manifestOf } from '../snapshots/manifest.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import type { StageRow } from './store.ts';

/** What a push takes: a snapshot, or the one that it would take of an instance or device at that moment. */
export interface PushSource {
  snapshot: Pick<SnapshotRow, 'id' | 'name'> | null;
  manifest: SnapshotManifest;
  /** Where only a device has them; else they are under their digest. */
  flows?: Flows;
}

export interface SourceParts {
  db: Database;
  vault: Vault;
  deviceSnapshots: Pick<DeviceSnapshotService, 'preview'>;
}

/** A snapshot that a person names for a push; it must be of where the push comes from. */
export async function namedSnapshot(
  stores: Stores,
  from: StageRow,
  snapshotId: string,
): Promise<SnapshotRow> {
  const snapshot = await stores.snapshots.find(snapshotId);
  const place = await stores.scopes.find(from.target.kind, from.target.id, null);
  if (snapshot === null || snapshot.applicationId !== place?.applicationId) {
    throw invalid('snapshotId', `is not a snapshot of the application of ${from.name}`);
  }
  return snapshot;
}

/** The snapshot that a stage has for a push already; null when it has none. */
export async function snapshotThere(
  stores: Stores,
  { action, target }: StageRow,
): Promise<SnapshotRow | null> {
  if (action === 'prompt') {
    throw invalid('snapshotId', 'must be named: this stage asks which snapshot to push');
  }
  if (action === 'latest' && target.kind !== 'device-group') {
    return target.kind === 'instance'
      ? stores.snapshots.newestOfInstance(target.id)
      : stores.snapshots.newestOfDevice(target.id);
  }
  const id = await runningThere(stores, target);
  return id ? stores.snapshots.find(id) : null;
}

async function runningThere(stores: Stores, { kind, id }: StageRow['target']): Promise<string | null> {
  switch (kind) {
    case 'instance':
      return (await stores.instances.find(id))?.runningSnapshotId ?? null;
    case 'device': {
      const device = await stores.devices.find(id);
      return device && (device.runningSnapshotId ?? resolveTarget(device)?.snapshotId ?? null);
    }
    case 'device-group':
      return (await stores.deviceGroups.findHead(id))?.targetSnapshotId ?? null;
  }
}

export function noSnapshot({ name }: StageRow) {
  return conflict(
    'no_snapshot',
    `There is no snapshot in ${name} that could be pushed. Take one there first, or push something to it.`,
  );
}

/** Whether a push from there takes a new snapshot, unless one is named. */
export function takesNew({ action, target }: StageRow): boolean {
  return action === 'create' && target.kind !== 'device-group';
}

/** @throws AppError 409 when there is nothing that could be pushed, or the device that has it is not there */
export async function readSource(
  { db: { stores }, vault, deviceSnapshots }: SourceParts,
  from: StageRow,
  snapshotId: string | undefined,
): Promise<PushSource> {
  if (snapshotId === undefined && takesNew(from)) {
    if (from.target.kind === 'device') {
      return { snapshot: null, ...(await deviceSnapshots.preview(from.target.id)) };
    }
    const instance = await stores.instances.find(from.target.id);
    if (instance === null) {
      throw noSnapshot(from);
    }
    const { credentialsDigest: credentials, lockDigest: lock } = instance;
    return {
      snapshot: null,
      manifest: { ...(await surroundingsOf(stores, vault, instance)), credentials, lock },
    };
  }
  const snapshot =
    snapshotId === undefined
      ? await snapshotThere(stores, from)
      : await namedSnapshot(stores, from, snapshotId);
  if (snapshot === null) {
    throw noSnapshot(from);
  }
  return { snapshot, manifest: manifestOf(snapshot) };
}
