import {
  type ComparedSide,
  type Contents,
  compareContents,
  type DiffView,
  type Flows,
  readLockFile,
} from '@flowyard/protocol';
import type { Actor } from '../../access/actor.ts';
import type { Access, Scope } from '../../access/authorize.ts';
import type { Database } from '../../db/database.ts';
import { conflict, invalid, notFound } from '../../errors.ts';
import { decryptCredentials } from '../../secrets/flow-credentials.ts';
import type { Vault } from '../../secrets/vault.ts';
import { variablesAsRun } from '../devices/pushed-target.ts';
import type { InstanceRow } from '../instances/instance-row.ts';
import { digestOf } from './blob-store.ts';
import { surroundingsOf } from './instance-contents.ts';
import { manifestOf } from './manifest.ts';
import { ownerOf } from './presenter.ts';
import type { SnapshotRow } from './store.ts';

interface Parts {
  db: Database;
  vault: Vault;
  access: Access;
  /** The lock file of the modules that are installed for an instance; null when there is none. */
  readLockFile: (instanceId: string) => string | null;
}

/** One of two that are compared. */
export interface Compared {
  kind: ComparedSide['kind'];
  id: string;
}

interface Side {
  shown: ComparedSide;
  contents: Contents;
}

const NEEDS = { snapshot: 'snapshot:read', instance: 'instance:read', device: 'device:read' } as const;

/** Says what differs between two snapshots, or between one and what runs. */
export class CompareService {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `scope` is that of `from`, which the actor may read; whether they may read the other is checked here. */
  async compare(
    actor: Actor,
    scope: Scope,
    from: Compared,
    other: Compared,
    ignorePositions: boolean,
  ): Promise<DiffView> {
    const place = await this.#parts.access.authorize(actor, NEEDS[other.kind], other.kind, other.id);
    if (place.teamId !== scope.teamId) {
      throw invalid('id', 'is of another team; only things of one team can be compared');
    }
    const before = await this.#read(from);
    const after = await this.#read(other);
    const sameOwner = before.shown.owner.id === after.shown.owner.id;
    const comparison = compareContents(before.contents, after.contents, {
      ignorePositions,
      compareSecrets: sameOwner,
    });
    return { before: before.shown, after: after.shown, ...comparison };
  }

  #read(other: Compared): Promise<Side> {
    switch (other.kind) {
      case 'snapshot':
        return this.#snapshot(other.id);
      case 'instance':
        return this.#instance(other.id);
      case 'device':
        return this.#device(other.id);
    }
  }

  async #snapshot(id: string): Promise<Side> {
    const snapshot = await this.#parts.db.stores.snapshots.find(id);
    if (snapshot === null) {
      throw notFound('snapshot');
    }
    const manifest = manifestOf(snapshot);
    const flows = await this.#flows(manifest.flows, `snapshot ${snapshot.name}`);
    return { shown: presentSide(snapshot), contents: { flows, manifest } };
  }

  async #instance(id: string): Promise<Side> {
    const { db, vault } = this.#parts;
    const instance = await db.stores.instances.find(id);
    if (instance === null) {
      throw notFound('instance');
    }
    const { name } = instance;
    const manifest = {
      ...(await surroundingsOf(db.stores, vault, instance)),
      credentials: await this.#credentialsOf(instance),
      lock: this.#lockOf(instance),
    };
    return {
      shown: {
        kind: 'instance',
        id,
        name,
        owner: { kind: 'instance', id, name },
        snapshotId: null,
        at: instance.flowsChangedAt,
      },
      contents: { flows: await this.#flows(instance.flowsDigest, name), manifest },
    };
  }

  /** What the device says that it runs. What is edited on it in developer mode is not known here. */
  async #device(id: string): Promise<Side> {
    const device = await this.#parts.db.stores.devices.find(id);
    if (device === null) {
      throw notFound('device');
    }
    if (device.runningSnapshotId === null) {
      throw conflict(
        'nothing_runs',
        `${device.name} has not said that it runs a snapshot. Give it one, or take one of what it runs.`,
      );
    }
    const { shown, contents } = await this.#snapshot(device.runningSnapshotId);
    const { manifest } = contents;
    const variables = variablesAsRun(manifest.variables, device.runningPushed);
    return {
      shown: { ...shown, kind: 'device', id, name: device.name },
      contents: { ...contents, manifest: { ...manifest, variables } },
    };
  }

  async #flows(digest: string, owner: string): Promise<Flows> {
    return JSON.parse((await this.#parts.db.stores.blobs.get(digest, owner)).toString());
  }

  /** The digest that the credentials would have in a snapshot. */
  async #credentialsOf({ name, credentialsDigest, credentialSecret }: InstanceRow): Promise<string | null> {
    if (credentialsDigest === null) {
      return null;
    }
    const { db, vault } = this.#parts;
    const stored = JSON.parse((await db.stores.blobs.get(credentialsDigest, name)).toString());
    const credentials = decryptCredentials(vault.unseal(credentialSecret), stored);
    return Object.keys(credentials).length === 0
      ? null
      : digestOf(vault.sealBytes(Buffer.from(JSON.stringify(credentials))));
  }

  #lockOf({ id, lockDigest, modules }: InstanceRow): string | null {
    if (lockDigest !== null) {
      return lockDigest;
    }
    const text = this.#parts.readLockFile(id);
    const reading = text === null ? null : readLockFile(text, JSON.parse(modules));
    return reading !== null && 'lock' in reading ? digestOf(Buffer.from(reading.lock)) : null;
  }
}

function presentSide(snapshot: SnapshotRow): ComparedSide {
  return {
    kind: 'snapshot',
    id: snapshot.id,
    name: snapshot.name,
    owner: ownerOf(snapshot),
    snapshotId: snapshot.id,
    at: snapshot.createdAt,
  };
}
