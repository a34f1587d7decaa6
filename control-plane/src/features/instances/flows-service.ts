import type { FlowCredentials, Flows, StoredFlows } from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import type { Changes } from '../../relay/changes.ts';
import { decryptCredentials, encryptCredentials } from '../../secrets/flow-credentials.ts';
import type { Vault } from '../../secrets/vault.ts';
import { instanceSettings } from '../settings/levels.ts';
import type { SnapshotService } from '../snapshots/service.ts';
import type { InstanceRow } from './instance-row.ts';

interface Parts {
  db: Database;
  changes: Changes;
  vault: Vault;
  snapshots: Pick<SnapshotService, 'takeInTransaction'>;
}

/** The flows of instances: read and deployed by their Node-RED, and by people over the API. */
export class FlowsService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Credentials, encrypted for the instance, go along only to the instance itself. */
  async read(instanceId: string, withCredentials: boolean): Promise<StoredFlows> {
    const { stores } = this.#parts.db;
    const instance = await stores.instances.find(instanceId);
    if (instance === null) {
      throw notFound('instance');
    }
    const flows: Flows = JSON.parse((await stores.blobs.get(instance.flowsDigest, instance.name)).toString());
    const stored = { revision: instance.flowsRevision, flows };
    if (!withCredentials || instance.credentialsDigest === null) {
      return stored;
    }
    return {
      ...stored,
      credentials: JSON.parse((await stores.blobs.get(instance.credentialsDigest, instance.name)).toString()),
    };
  }

  /**
   * Deploys flows that were edited from `revision` on.
   * @throws AppError 409 `stale_revision` when others were deployed meanwhile; nothing is changed then
   */
  async deploy(
    actor: Actor,
    instanceId: string,
    input: { revision: number; flows: Flows; credentials?: FlowCredentials | undefined },
    /** Whether Node-RED itself sends what it runs already. */
    runsAlready: boolean,
  ): Promise<number> {
    return this.#parts.db.transact(async (tx) => {
      const instance = await tx.stores.instances.find(instanceId);
      if (instance === null) {
        throw notFound('instance');
      }
      const credentialsDigest =
        input.credentials === undefined
          ? instance.credentialsDigest
          : await tx.stores.blobs.put(
              Buffer.from(JSON.stringify(this.#forInstance(instance, input.credentials))),
            );
      const flowsDigest = await tx.stores.blobs.put(Buffer.from(JSON.stringify(input.flows)));
      const unchanged =
        flowsDigest === instance.flowsDigest && credentialsDigest === instance.credentialsDigest;
      if (!unchanged) {
        await refuseProtected(tx, instance);
      }
      const author = auditActor(actor, instance.name);
      const revision = await tx.stores.instances.changeFlows(instanceId, input.revision, {
        flowsDigest,
        credentialsDigest,
        changedAt: new Date().toISOString(),
        changedBy: author.name,
        runningSnapshotId: unchanged ? instance.runningSnapshotId : null,
      });
      if (revision === null) {
        throw conflict(
          'stale_revision',
          `Other flows were deployed to ${instance.name} in the meantime, by ${instance.flowsChangedBy ?? 'somebody'}. Load them, merge, and deploy again.`,
          { revision: instance.flowsRevision },
        );
      }
      await tx.audit({
        event: 'flows.deployed',
        actor: author,
        teamId: instance.teamId,
        applicationId: instance.applicationId,
        subject: { kind: 'instance', id: instance.id, name: instance.name },
        details: { revision, before: instance.flowsDigest, after: flowsDigest },
      });
      tx.announce({
        kind: 'instance',
        id: instance.id,
        teamId: instance.teamId,
        applicationId: instance.applicationId,
      });
      if (runsAlready && !unchanged) {
        await this.#keepDeployed(tx, actor, instanceId);
      }
      if (!runsAlready) {
        tx.afterCommit(() => this.#parts.changes.emit('instance', { instanceId }));
      }
      return revision;
    });
  }

  /** In the transaction of the deploy: the snapshot is of exactly what was deployed. */
  async #keepDeployed(tx: Transaction, actor: Actor, instanceId: string): Promise<void> {
    const instance = await tx.stores.instances.find(instanceId);
    if (instance !== null && (await instanceSettings(tx.stores, instance))['snapshots.afterDeploy']) {
      const name = `Deploy ${instance.flowsRevision}`;
      await this.#parts.snapshots.takeInTransaction(tx, actor, instance, { name, kind: 'auto' });
    }
  }

  #forInstance(instance: InstanceRow, credentials: FlowCredentials): FlowCredentials {
    const secret = this.#parts.vault.unseal(instance.credentialSecret);
    if (typeof credentials.$ !== 'string') {
      return encryptCredentials(secret, credentials);
    }
    try {
      decryptCredentials(secret, credentials);
    } catch {
      throw invalid('credentials', 'were not encrypted with the secret of this instance');
    }
    return credentials;
  }
}

/** @throws AppError 409 when flows of the instance change only through a pipeline */
async function refuseProtected(tx: Transaction, instance: InstanceRow): Promise<void> {
  if ((await instanceSettings(tx.stores, instance))['editor.protected']) {
    throw conflict(
      'protected_instance',
      `${instance.name} is protected: its flows change only through a pipeline. Change them where the pipeline begins, and push.`,
    );
  }
}
