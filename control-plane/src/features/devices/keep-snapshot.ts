import { type Flows, type SnapshotManifest, summariseFlows } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Transaction } from '../../db/database.ts';
import { newId } from '../../ids.ts';
import type { SnapshotRow } from '../snapshots/store.ts';
import { refuseBeyondLimit } from '../team-types/limits.ts';
import type { DeviceRow } from './device-row.ts';

interface NewSnapshot {
  name: string;
  description: string;
  kind: SnapshotRow['kind'];
  flows: Flows;
  manifest: SnapshotManifest;
  /** Why it has no lock file; null when it has one, or needs none. */
  lockProblem: string | null;
}

/**
 * Keeps a snapshot of a device. The team must be locked.
 * @throws AppError 409 beyond the limits of the team
 */
export async function keepDeviceSnapshot(
  tx: Transaction,
  actor: Actor,
  device: DeviceRow,
  { name, description, kind, flows, manifest, lockProblem }: NewSnapshot,
): Promise<SnapshotRow> {
  const { teamId, applicationId } = device;
  const who = auditActor(actor, device.name);
  const row = {
    id: newId(),
    teamId,
    applicationId,
    instanceId: null,
    deviceId: device.id,
    ownerName: device.name,
    name,
    description,
    kind,
    author: who.name,
    manifest: JSON.stringify(manifest),
    lockProblem,
    ...summariseFlows(flows),
    blueprintId: null,
    blueprintVersion: null,
    createdAt: new Date().toISOString(),
  };
  await tx.stores.snapshots.insert(row);
  const snapshot: SnapshotRow = { ...row, pinned: false, labels: [] };
  await refuseBeyondLimit(tx, teamId, 'snapshots');
  await refuseBeyondLimit(tx, teamId, 'storageMb');
  await tx.audit({
    event: 'snapshot.created',
    actor: who,
    teamId,
    applicationId,
    subject: { kind: 'snapshot', id: snapshot.id, name },
    details: { owner: device.name, kind },
  });
  tx.announce({ kind: 'snapshot', id: snapshot.id, teamId, applicationId });
  return snapshot;
}
