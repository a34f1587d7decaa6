import {
  DisplayName,
  type FlowCredentials,
  SNAPSHOT_FILE_FORMAT,
  SNAPSHOT_PARTS,
  type SnapshotFile,
  type SnapshotManifest,
  type SnapshotPart,
} from '@flowyard/protocol';
import { type Actor, auditActor } from '../../access/actor.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { invalid, notFound } from '../../errors.ts';
import { encryptCredentials } from '../../secrets/flow-credentials.ts';
import type { Vault } from '../../secrets/vault.ts';
import { requireDevice } from '../devices/require-device.ts';
import type { FileContent } from './file-content.ts';
import { keepSnapshot, type SnapshotOwner } from './keep-snapshot.ts';
import { keepLockFile } from './lock-files.ts';
import { manifestOf } from './manifest.ts';
import { readSnapshotFile } from './read-snapshot-file.ts';
import { sealCredentials } from './seal-credentials.ts';
import type { SnapshotRow } from './store.ts';

/** Agents cannot embed an older one. */
const OLDEST_MAJOR = 4;

interface Parts {
  db: Database;
  vault: Vault;
  /** The version of Node-RED that the platform brings along. */
  nodeRed: string;
}

interface ExportInput {
  credentialSecret?: string | undefined;
  parts?: SnapshotPart[] | undefined;
}

interface ImportInput extends ExportInput {
  file: Record<string, unknown>;
  name?: string | undefined;
  description?: string | undefined;
}

/** Snapshots as files: given out to be kept or carried elsewhere, and taken in again. */
export class SnapshotFileService {
  readonly #parts: Parts;
  readonly #db: Database;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#db = parts.db;
  }

  /**
   * Credentials leave only under a secret that whoever asks has chosen.
   * @throws AppError 422 when credentials are wanted without one
   */
  async export(actor: Actor, id: string, { credentialSecret, parts }: ExportInput): Promise<SnapshotFile> {
    const wanted = new Set(
      parts ?? SNAPSHOT_PARTS.filter((part) => part !== 'credentials' || credentialSecret !== undefined),
    );
    if (wanted.has('credentials') && credentialSecret === undefined) {
      throw invalid('credentialSecret', 'is needed: credentials leave only encrypted with a secret of yours');
    }
    const snapshot = await this.#db.stores.snapshots.find(id);
    if (snapshot === null) {
      throw notFound('snapshot');
    }
    const file = await this.#write(snapshot, wanted, credentialSecret ?? '');
    await this.#db.transact((tx) => this.#recordExport(tx, actor, snapshot, [...wanted]));
    return file;
  }

  async #write(
    snapshot: SnapshotRow,
    wanted: ReadonlySet<SnapshotPart>,
    secret: string,
  ): Promise<SnapshotFile> {
    const manifest = manifestOf(snapshot);
    const read = (digest: string) => this.#db.stores.blobs.get(digest, `snapshot ${snapshot.name}`);
    const withCredentials = wanted.has('credentials') && manifest.credentials !== null;
    return {
      format: SNAPSHOT_FILE_FORMAT,
      version: 1,
      name: snapshot.name,
      description: snapshot.description,
      of: snapshot.ownerName,
      takenAt: snapshot.createdAt,
      ...(wanted.has('flows') && { flows: JSON.parse((await read(manifest.flows)).toString()) }),
      ...(withCredentials && { credentials: await this.#credentials(manifest, secret, read) }),
      ...(wanted.has('variables') && {
        variables: manifest.variables.map(({ name, value, secret }) => ({ name, value, secret })),
      }),
      ...(wanted.has('settings') && manifest.settings && { settings: manifest.settings }),
      ...(wanted.has('modules') && { modules: manifest.modules }),
      ...(wanted.has('modules') && manifest.lock && { lock: (await read(manifest.lock)).toString() }),
      nodeRed: manifest.nodeRed,
      nodeJs: manifest.nodeJs,
    };
  }

  async #credentials(
    { credentials }: SnapshotManifest,
    secret: string,
    read: (digest: string) => Promise<Buffer>,
  ): Promise<FlowCredentials> {
    const sealed = await read(credentials ?? '');
    return encryptCredentials(secret, JSON.parse(this.#parts.vault.unsealBytes(sealed).toString()));
  }

  async importToInstance(actor: Actor, instanceId: string, input: ImportInput) {
    const content = readSnapshotFile(input.file, input);
    return this.#db.transact(async (tx) => {
      const instance = await tx.stores.instances.find(instanceId);
      if (instance === null) {
        throw notFound('instance');
      }
      const stack = await tx.stores.catalogue.findStack(instance.stackId);
      const runs = {
        nodeRed: stack?.nodeRed ?? this.#parts.nodeRed,
        nodeJs: stack?.nodeJs ?? process.versions.node,
      };
      return this.#keep(tx, actor, { kind: 'instance', ...instance }, { input, content, runs });
    });
  }

  async importToDevice(actor: Actor, deviceId: string, input: ImportInput) {
    const content = readSnapshotFile(input.file, input);
    return this.#db.transact(async (tx) => {
      const device = await requireDevice(tx.stores, deviceId);
      const runs = {
        nodeRed: device.nodeRed ?? this.#parts.nodeRed,
        nodeJs: device.nodeJs ?? process.versions.node,
      };
      return this.#keep(tx, actor, { kind: 'device', ...device }, { input, content, runs });
    });
  }

  async #keep(
    tx: Transaction,
    actor: Actor,
    owner: SnapshotOwner,
    {
      input,
      content,
      runs,
    }: { input: ImportInput; content: FileContent; runs: { nodeRed: string; nodeJs: string } },
  ): Promise<{ snapshot: SnapshotRow; leftOut: string[] }> {
    await tx.stores.teams.lock(owner.teamId);
    const { lock, problem } = await keepLockFile(tx, content.lock, content.modules, 'file');
    const isUsable = Number(content.nodeRed?.split('.')[0]) >= OLDEST_MAJOR;
    const manifest: SnapshotManifest = {
      version: 1,
      flows: await tx.stores.blobs.put(Buffer.from(JSON.stringify(content.flows))),
      credentials: await sealCredentials(tx, this.#parts.vault, content.credentials),
      variables: content.variables,
      modules: content.modules,
      lock,
      ...(content.settings && { settings: content.settings }),
      nodeRed: isUsable && content.nodeRed !== null ? content.nodeRed : runs.nodeRed,
      nodeJs: content.nodeJs ?? runs.nodeJs,
    };
    const snapshot = await keepSnapshot(tx, actor, owner, {
      name: input.name ?? usableName(content.name),
      description: input.description ?? content.description.slice(0, 2000),
      kind: 'import',
      flows: content.flows,
      manifest,
      lockProblem: problem,
    });
    return { snapshot, leftOut: content.leftOut };
  }

  async #recordExport(tx: Transaction, actor: Actor, snapshot: SnapshotRow, parts: string[]): Promise<void> {
    await tx.audit({
      event: 'snapshot.exported',
      actor: auditActor(actor, snapshot.ownerName),
      teamId: snapshot.teamId,
      applicationId: snapshot.applicationId,
      subject: { kind: 'snapshot', id: snapshot.id, name: snapshot.name },
      details: { owner: snapshot.ownerName, parts },
    });
  }
}

function usableName(name: string): string {
  const shortened = DisplayName.safeParse(name.slice(0, 120));
  return shortened.success ? shortened.data : 'Imported';
}
