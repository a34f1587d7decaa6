import { type Flows, type SnapshotManifest, summariseFlows } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Transaction } from '../../db/database.ts';
import { newId } from '../../ids.ts';
import { refuseBeyondLimits } from '../team-types/limits.ts';
import type { SnapshotRow } from './store.ts';

/** The instance or device that a snapshot is of. */
export interface SnapshotOwner {
  kind: 'instance' | 'device';
  id: string;
  name: string;
  teamId: string;
  applicationId: string | null;
}

export interface NewSnapshot {
  name: string;
  description: string;
  kind: SnapshotRow['kind'];
  flows: Flows;
  manifest: SnapshotManifest;
  /** Why it has no lock file; null when it has one, or needs none. */
  lockProblem: string | null;
}

/**
 * Keeps a snapshot of what did not run here: of a device, or from a file. The team must be locked.
 * @throws AppError 409 beyond the limits of the team
 */
export async function keepSnapshot(
  tx: Transaction,
  actor: Actor,
  owner: SnapshotOwner,
  { name, description, kind, flows, manifest, lockProblem }: NewSnapshot,
): Promise<SnapshotRow> {
  const { teamId, applicationId } = owner;
  const who = auditActor(actor, owner.name);
  const row = {
    id: newId(),
    teamId,
    applicationId,
    instanceId: owner.kind === 'instance' ? owner.id : null,
    deviceId: owner.kind === 'device' ? owner.id : null,
    ownerName: owner.name,
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
  // What the platform takes by itself must not fail for a limit, as with instances.
  if (kind === 'manual' || kind === 'import') {
    await refuseBeyondLimits(tx, teamId, ['snapshots', 'storageMb']);
  }
  await tx.audit({
    event: 'snapshot.created',
    actor: who,
    teamId,
    applicationId,
    subject: { kind: 'snapshot', id: snapshot.id, name },
    details: { owner: owner.name, kind },
  });
  tx.announce({ kind: 'snapshot', id: snapshot.id, teamId, applicationId });
  return snapshot;
}
