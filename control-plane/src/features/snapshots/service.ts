import type {
  AuditEventName,
  ListQuery,
  Page,
  SnapshotKind,
  SnapshotLabelCount,
  SnapshotManifest,
} from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { newId } from '../../ids.ts';
import { decryptCredentials } from '../../secrets/flow-credentials.ts';
import type { Vault } from '../../secrets/vault.ts';
import { refuseDuringChange } from '../instance-changes/service.ts';
import type { InstanceRow } from '../instances/instance-row.ts';
import { instanceSettings } from '../settings/levels.ts';
import { refuseBeyondLimits } from '../team-types/limits.ts';
import type { SnapshotApplier } from './applier.ts';
import { dropOldAutomatic } from './drop-old-automatic.ts';
import { FlowCounts } from './flow-counts.ts';
import { surroundingsOf } from './instance-contents.ts';
import { lockOfInstance } from './lock-files.ts';
import { manifestOf } from './manifest.ts';
import { sealCredentials } from './seal-credentials.ts';
import { useInWords } from './snapshot-uses.ts';
import type { SnapshotChanges, SnapshotPlace, SnapshotRow } from './store.ts';

interface Parts {
  db: Database;
  vault: Vault;
  applier: SnapshotApplier;
  /** The lock file of the modules that are installed for an instance; null when there is none. */
  readLockFile: (instanceId: string) => string | null;
}

export interface SnapshotInput {
  name: string;
  description?: string | undefined;
  kind: SnapshotKind;
}

/** Snapshots: taking them of instances, and putting them back. */
export class SnapshotService {
  readonly #parts: Parts;
  readonly #db: Database;
  readonly #counts = new FlowCounts();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  async get(id: string): Promise<SnapshotRow> {
    const snapshot = await this.#db.stores.snapshots.find(id);
    if (snapshot === null) {
      throw notFound('snapshot');
    }
    return snapshot;
  }

  list(filter: SnapshotPlace, query: ListQuery): Promise<Page<SnapshotRow>> {
    return this.#db.stores.snapshots.list(filter, query);
  }

  labels(place: SnapshotPlace): Promise<SnapshotLabelCount[]> {
    return this.#db.stores.snapshots.labels(place);
  }

  /** The flows of a snapshot, as JSON. */
  async flowsOf(id: string): Promise<Buffer> {
    const snapshot = await this.get(id);
    return this.#db.stores.blobs.get(manifestOf(snapshot).flows, `snapshot ${snapshot.name}`);
  }

  async takeOfInstance(actor: Actor, instanceId: string, input: SnapshotInput): Promise<SnapshotRow> {
    return this.#db.transact(async (tx) => {
      const instance = await tx.stores.instances.find(instanceId);
      if (instance === null) {
        throw notFound('instance');
      }
      return this.takeInTransaction(tx, actor, instance, input);
    });
  }

  /** Takes a snapshot of what is deployed; large parts are there already, so this is quick at any size. */
  async takeInTransaction(
    tx: Transaction,
    actor: Actor,
    instance: InstanceRow,
    input: SnapshotInput,
  ): Promise<SnapshotRow> {
    if (input.kind === 'manual') {
      await tx.stores.teams.lock(instance.teamId);
    }
    const author = auditActor(actor, instance.name);
    const counts = await this.#counts.of(tx.stores.blobs, instance.flowsDigest, instance.name);
    const { lock, problem } = await lockOfInstance(tx, instance, this.#parts.readLockFile);
    const row = {
      id: newId(),
      teamId: instance.teamId,
      applicationId: instance.applicationId,
      instanceId: instance.id,
      deviceId: null,
      ownerName: instance.name,
      name: input.name,
      description: input.description ?? '',
      kind: input.kind,
      author: author.name,
      manifest: JSON.stringify(await this.#manifest(tx, instance, lock)),
      lockProblem: problem,
      ...counts,
      blueprintId: instance.blueprintId,
      blueprintVersion: instance.blueprintVersion,
      createdAt: new Date().toISOString(),
    };
    await tx.stores.snapshots.insert(row);
    const snapshot: SnapshotRow = { ...row, pinned: false, labels: [] };
    if (input.kind === 'manual') {
      await refuseBeyondLimits(tx, instance.teamId, ['snapshots', 'storageMb']);
    }
    await tx.stores.instances.setRunningSnapshot(instance.id, instance.flowsRevision, snapshot.id);
    await this.#record(tx, actor, 'snapshot.created', snapshot, { kind: input.kind });
    tx.announce({
      kind: 'instance',
      id: instance.id,
      teamId: instance.teamId,
      applicationId: instance.applicationId,
    });
    if (input.kind === 'auto') {
      const settings = await instanceSettings(tx.stores, instance);
      await dropOldAutomatic(tx, { instanceId: instance.id }, settings['snapshots.keepAuto']);
    }
    return snapshot;
  }

  async #manifest(tx: Transaction, instance: InstanceRow, lock: string | null): Promise<SnapshotManifest> {
    const surroundings = await surroundingsOf(tx.stores, this.#parts.vault, instance);
    return { ...surroundings, credentials: await this.#sealCredentials(tx, instance), lock };
  }

  /** Credentials leave the key of the instance and come under that of the platform. */
  async #sealCredentials(tx: Transaction, instance: InstanceRow): Promise<string | null> {
    if (instance.credentialsDigest === null) {
      return null;
    }
    const stored = JSON.parse(
      (await tx.stores.blobs.get(instance.credentialsDigest, instance.name)).toString(),
    );
    const credentials = decryptCredentials(this.#parts.vault.unseal(instance.credentialSecret), stored);
    return sealCredentials(tx, this.#parts.vault, credentials);
  }

  /** Takes a snapshot unless the newest one has the same content. @returns null then, or when the instance is gone */
  async takeIfChanged(
    tx: Transaction,
    actor: Actor,
    instanceId: string,
    input: SnapshotInput,
  ): Promise<SnapshotRow | null> {
    const instance = await tx.stores.instances.find(instanceId);
    const newest = await tx.stores.snapshots.newestOfInstance(instanceId);
    if (instance !== null && newest !== null) {
      const { lock } = await lockOfInstance(tx, instance, this.#parts.readLockFile);
      if (JSON.stringify(await this.#manifest(tx, instance, lock)) === newest.manifest) {
        return null;
      }
    }
    return instance && this.takeInTransaction(tx, actor, instance, input);
  }

  /**
   * Puts a snapshot back on its instance and keeps what was there in an automatic snapshot, all or nothing. The
   * running Node-RED takes it over without a restart when only flows and credentials differ.
   */
  async rollBack(actor: Actor, instanceId: string, snapshotId: string): Promise<SnapshotRow> {
    return this.#db.transact(async (tx) => {
      const instance = await tx.stores.instances.find(instanceId);
      const snapshot = await tx.stores.snapshots.find(snapshotId);
      if (instance === null) {
        throw notFound('instance');
      }
      if (snapshot === null || snapshot.instanceId !== instanceId) {
        throw invalid('snapshotId', 'is not a snapshot of this instance');
      }
      await refuseDuringChange(tx, instance);
      const safety = await this.takeInTransaction(tx, actor, instance, {
        name: `Before roll back to ${snapshot.name}`.slice(0, 120),
        kind: 'auto',
      });
      await this.#parts.applier.apply(tx, actor, instance, snapshot, 'restore');
      await tx.audit({
        event: 'instance.rolled-back',
        actor: auditActor(actor, instance.name),
        teamId: instance.teamId,
        applicationId: instance.applicationId,
        subject: { kind: 'instance', id: instance.id, name: instance.name },
        details: { snapshotId, snapshot: snapshot.name, safetySnapshotId: safety.id },
      });
      return safety;
    });
  }

  async update(actor: Actor, id: string, changes: SnapshotChanges): Promise<SnapshotRow> {
    await this.#db.transact(async (tx) => {
      const before = await this.#require(tx, id);
      await tx.stores.snapshots.update(id, changes);
      await this.#record(tx, actor, 'snapshot.changed', before, {
        before: {
          name: before.name,
          description: before.description,
          pinned: before.pinned,
          labels: before.labels,
        },
        after: changes,
      });
    });
    return this.get(id);
  }

  async delete(actor: Actor, id: string): Promise<void> {
    await this.#db.transact(async (tx) => {
      const snapshot = await this.#require(tx, id);
      if (snapshot.pinned) {
        throw conflict('pinned', `${snapshot.name} is pinned. Unpin it first.`);
      }
      const uses = await tx.stores.snapshots.usesOf(id);
      if (uses.length > 0) {
        const words = uses.map(useInWords).join(', ');
        const message = `${snapshot.name} is still in use: ${words}. Choose another snapshot there first.`;
        throw conflict('in_use', message, { uses });
      }
      const { id: byId, name } = auditActor(actor, snapshot.ownerName);
      await tx.stores.recycleBin.put('snapshots', id, { id: byId ?? 'system', name });
      await this.#record(tx, actor, 'snapshot.deleted', snapshot);
    });
  }

  async #require(tx: Transaction, id: string): Promise<SnapshotRow> {
    const snapshot = await tx.stores.snapshots.find(id);
    if (snapshot === null) {
      throw notFound('snapshot');
    }
    return snapshot;
  }

  async #record(
    tx: Transaction,
    actor: Actor,
    event: AuditEventName,
    snapshot: SnapshotRow,
    details?: Record<string, unknown>,
  ): Promise<void> {
    await tx.audit({
      event,
      actor: auditActor(actor, snapshot.ownerName),
      teamId: snapshot.teamId,
      applicationId: snapshot.applicationId,
      subject: { kind: 'snapshot', id: snapshot.id, name: snapshot.name },
      details: { owner: snapshot.ownerName, ...details },
    });
    tx.announce({
      kind: 'snapshot',
      id: snapshot.id,
      teamId: snapshot.teamId,
      applicationId: snapshot.applicationId,
    });
  }
}
