import type { SnapshotManifest } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict } from '../../errors.ts';
import type { Changes } from '../../relay/changes.ts';
import { encryptCredentials } from '../../secrets/flow-credentials.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { InstanceRow, VariableRow } from '../instances/instance-row.ts';
import { lockOfInstance } from './lock-files.ts';
import { manifestOf } from './manifest.ts';
import { byName, mergeVariables, type VariablePolicy } from './merge-variables.ts';
import type { SnapshotRow } from './store.ts';

/** Flows and modules that come without credentials, and variables that are added. */
export interface PlainContent {
  /** Digest. */
  flows: string;
  modules: Record<string, string>;
  variables: VariableRow[];
}

interface Change {
  flowsDigest: string;
  credentialsDigest: string | null;
  palette: Pick<InstanceRow, 'modules' | 'lockDigest'>;
  runningSnapshotId: string | null;
}

interface Parts {
  db: Database;
  changes: Changes;
  vault: Vault;
  /** The lock file of the modules that are installed for an instance; null when there is none. */
  readLockFile: (instanceId: string) => string | null;
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
    owner?: string,
  ): Promise<Buffer | null> {
    if (manifest.credentials === null) {
      return null;
    }
    const plain = this.#parts.vault.unsealBytes(await blobs.get(manifest.credentials, owner));
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
    // Flows that cannot be read must not replace those that run.
    const owner = `snapshot ${snapshot.name}`;
    await tx.stores.blobs.get(manifest.flows, owner);
    const secret = this.#parts.vault.unseal(instance.credentialSecret);
    const credentials = await this.credentialsFor(manifest, secret, tx.stores.blobs, owner);
    const before = byName(await tx.stores.instances.variables(instance.id));
    const change = {
      flowsDigest: manifest.flows,
      credentialsDigest: credentials === null ? null : await tx.stores.blobs.put(credentials),
      palette: { modules: JSON.stringify(manifest.modules), lockDigest: manifest.lock },
      runningSnapshotId: snapshot.id,
    };
    const after = mergeVariables(before, manifest.variables, variables);
    await this.#change(tx, actor, instance, change, { before, after });
    await takeBlueprintVersion(tx, instance, snapshot);
  }

  /** Gives an instance other flows. Its credentials stay for the nodes that are still there, and so do its variables. */
  async applyContent(
    tx: Transaction,
    actor: Actor,
    instance: InstanceRow,
    content: PlainContent,
  ): Promise<void> {
    const before = byName(await tx.stores.instances.variables(instance.id));
    const names = new Set(before.map(({ name }) => name));
    const modules = JSON.stringify(content.modules);
    const change = {
      flowsDigest: content.flows,
      credentialsDigest: instance.credentialsDigest,
      palette: { modules, lockDigest: modules === instance.modules ? instance.lockDigest : null },
      runningSnapshotId: null,
    };
    const after = byName([...before, ...content.variables.filter(({ name }) => !names.has(name))]);
    await this.#change(tx, actor, instance, change, { before, after });
  }

  async #change(
    tx: Transaction,
    actor: Actor,
    instance: InstanceRow,
    change: Change,
    variables: { before: VariableRow[]; after: VariableRow[] },
  ): Promise<void> {
    const revision = await tx.stores.instances.changeFlows(instance.id, instance.flowsRevision, {
      ...change,
      changedAt: new Date().toISOString(),
      changedBy: auditActor(actor, instance.name).name,
    });
    if (revision === null) {
      throw conflict(
        'stale_revision',
        `Something else was deployed to ${instance.name} at this moment. Try again.`,
      );
    }
    const variablesChanged = JSON.stringify(variables.after) !== JSON.stringify(variables.before);
    if (variablesChanged) {
      await tx.stores.instances.replaceVariables(instance.id, variables.after);
    }
    if (variablesChanged || (await this.#paletteChanges(tx, instance, change.palette))) {
      await tx.stores.instances.addRestart(instance.id);
    }
    tx.announce({
      kind: 'instance',
      id: instance.id,
      teamId: instance.teamId,
      applicationId: instance.applicationId,
    });
    tx.afterCommit(() => this.#parts.changes.emit('instance', { instanceId: instance.id }));
  }

  /** Whether other modules are to be installed than there are. */
  async #paletteChanges(
    tx: Transaction,
    instance: InstanceRow,
    { modules, lockDigest }: Change['palette'],
  ): Promise<boolean> {
    if (modules !== instance.modules || lockDigest === null) {
      return modules !== instance.modules;
    }
    return lockDigest !== (await lockOfInstance(tx, instance, this.#parts.readLockFile)).lock;
  }
}

/** What came from a blueprint is of the version that the snapshot is of. */
async function takeBlueprintVersion(
  tx: Transaction,
  { id, blueprintId }: InstanceRow,
  snapshot: SnapshotRow,
): Promise<void> {
  if (blueprintId !== null && snapshot.blueprintId === blueprintId && snapshot.blueprintVersion !== null) {
    await tx.stores.instances.setBlueprint(id, blueprintId, snapshot.blueprintVersion);
  }
}
