import type { SnapshotManifest } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict } from '../../errors.ts';
import type { Changes } from '../../relay/changes.ts';
import { encryptCredentials } from '../../secrets/flow-credentials.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { InstanceRow } from '../instances/store.ts';
import { manifestOf } from './manifest.ts';
import { byName, mergeVariables, type VariablePolicy } from './merge-variables.ts';
import type { SnapshotRow } from './store.ts';

interface Parts {
  db: Database;
  changes: Changes;
  vault: Vault;
}

/** Makes snapshots what something runs: in a hosted instance here, on a device through its manifest. */
export class SnapshotApplier {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Credentials of a snapshot encrypted for a reader's secret; null when it has none. */
  async credentialsFor(
    manifest: SnapshotManifest,
    secret: string,
    blobs = this.#parts.db.stores.blobs,
  ): Promise<Buffer | null> {
    if (manifest.credentials === null) {
      return null;
    }
    const plain = this.#parts.vault.unsealBytes(await blobs.get(manifest.credentials));
    return Buffer.from(JSON.stringify(encryptCredentials(secret, JSON.parse(plain.toString()))));
  }

  /** Makes a snapshot what an instance should run. Restarts it only when variables or modules change. */
  async apply(
    tx: Transaction,
    actor: Actor,
    instance: InstanceRow,
    snapshot: SnapshotRow,
    variables: VariablePolicy,
  ): Promise<void> {
    const manifest = manifestOf(snapshot);
    const secret = this.#parts.vault.unseal(instance.credentialSecret);
    const credentials = await this.credentialsFor(manifest, secret, tx.stores.blobs);
    const modules = JSON.stringify(manifest.modules);
    const revision = await tx.stores.instances.changeFlows(instance.id, instance.flowsRevision, {
      flowsDigest: manifest.flows,
      credentialsDigest: credentials === null ? null : await tx.stores.blobs.put(credentials),
      modules,
      changedAt: new Date().toISOString(),
      changedBy: auditActor(actor, instance.name).name,
      runningSnapshotId: snapshot.id,
    });
    if (revision === null) {
      throw conflict(
        'stale_revision',
        `Something else was deployed to ${instance.name} at this moment. Try again.`,
      );
    }
    const variablesChanged = await this.#applyVariables(tx, instance.id, manifest, variables);
    if (variablesChanged || modules !== instance.modules) {
      await tx.stores.instances.setDesired(instance.id, instance.desired, true);
    }
    tx.announce({
      kind: 'instance',
      id: instance.id,
      teamId: instance.teamId,
      applicationId: instance.applicationId,
    });
    tx.afterCommit(() => this.#parts.changes.emit('instance', { instanceId: instance.id }));
  }

  async #applyVariables(
    tx: Transaction,
    instanceId: string,
    manifest: SnapshotManifest,
    policy: VariablePolicy,
  ): Promise<boolean> {
    const before = byName(await tx.stores.instances.variables(instanceId));
    const after = mergeVariables(before, manifest.variables, policy);
    if (JSON.stringify(after) === JSON.stringify(before)) {
      return false;
    }
    await tx.stores.instances.replaceVariables(instanceId, after);
    return true;
  }
}
