import { setTimeout as wait } from 'node:timers/promises';
import { type AgentSnapshot, type FlowCredentials, type Modules, readLockFile } from '@flowyard/protocol';
import type { Database } from '../../db/database.ts';
import type { LocalFlows } from '../../drivers/driver.ts';
import { decryptCredentials, encryptCredentials } from '../../secrets/flow-credentials.ts';
import type { Vault } from '../../secrets/vault.ts';
import type { InstanceRow } from '../instances/instance-row.ts';
import { manifestOf } from './manifest.ts';

/** Somebody may be waiting for the part. */
const ANSWER_WITHIN_MS = 10_000;

/** Bytes that may be a lost part or have a piece of it: nobody has looked yet whether they are. */
export interface PartCopy {
  /** For people. */
  from: string;
  bytes: Buffer;
}

/** A place where a part of a snapshot may be a second time. When the signal comes nothing is waited for any more. */
export type PartCopies = (digest: string, signal: AbortSignal) => AsyncIterable<PartCopy>;

interface Parts {
  db: Pick<Database, 'stores'>;
  vault: Vault;
  readFlows: (instanceId: string) => Promise<LocalFlows | null>;
  readLockFile: (instanceId: string) => string | null;
  /** What an agent sends of what runs on its device; null when it does not. */
  askDevice: (deviceId: string) => Promise<AgentSnapshot | null>;
}

/** Where copies of parts may be, those that are quick to ask first. */
export function placesOfCopies(parts: Parts): PartCopies[] {
  const { stores } = parts.db;
  return [
    async function* inDatabase(digest) {
      for await (const bytes of stores.blobs.copiesOf(digest)) {
        yield { from: 'the database', bytes };
      }
    },
    async function* besideInstances(digest) {
      for (const id of await stores.partUses.instancesNear(digest)) {
        const instance = await stores.instances.find(id);
        for await (const bytes of instance === null ? [] : ofInstance(parts, instance)) {
          yield { from: `the instance ${instance?.name}`, bytes };
        }
      }
    },
    async function* onDevices(digest, signal) {
      for (const id of await stores.partUses.devicesNear(digest)) {
        const device = signal.aborted ? null : await stores.devices.find(id);
        const late = wait(ANSWER_WITHIN_MS, null, { ref: false, signal }).catch(() => null);
        const content = device && (await Promise.race([parts.askDevice(id), late]));
        for (const bytes of content ? ofDevice(parts.vault, device.credentialSecret, content) : []) {
          yield { from: `the device ${device?.name}`, bytes };
        }
      }
    },
  ];
}

async function* ofInstance(parts: Parts, instance: InstanceRow): AsyncGenerator<Buffer> {
  const { vault, db } = parts;
  const secret = vault.unseal(instance.credentialSecret);
  const local = await parts.readFlows(instance.id);
  if (local !== null) {
    yield bytesOf(local.flows);
    yield bytesOf(local.credentials);
    yield* sealed(vault, secret, local.credentials);
  }
  yield* lockOf(parts.readLockFile(instance.id), JSON.parse(instance.modules));
  // Credentials are there twice: under the key of the instance, and in its snapshot under that of the platform.
  const { credentialsDigest, runningSnapshotId } = instance;
  const own = credentialsDigest && (await db.stores.blobs.peek(credentialsDigest));
  if (own) {
    yield* sealed(vault, secret, JSON.parse(own.toString()));
  }
  const snapshot = runningSnapshotId && (await db.stores.snapshots.find(runningSnapshotId));
  const kept = snapshot && manifestOf(snapshot).credentials;
  const open = kept && (await db.stores.blobs.peek(kept));
  if (open) {
    yield bytesOf(encryptCredentials(secret, JSON.parse(vault.unsealBytes(open).toString())));
  }
}

function* ofDevice(vault: Vault, credentialSecret: string, content: AgentSnapshot): Generator<Buffer> {
  yield bytesOf(content.flows);
  yield* sealed(vault, vault.unseal(credentialSecret), content.credentials);
  yield* lockOf(content.lock, content.modules);
}

/** Credentials as snapshots keep them; nothing when they are encrypted with another secret. */
function* sealed(vault: Vault, secret: string, credentials: FlowCredentials): Generator<Buffer> {
  try {
    yield vault.sealBytes(bytesOf(decryptCredentials(secret, credentials)));
  } catch {
    // Of no use for this part.
  }
}

function* lockOf(text: string | null, modules: Modules): Generator<Buffer> {
  const reading = text === null ? null : readLockFile(text, modules);
  if (reading !== null && 'lock' in reading) {
    yield Buffer.from(reading.lock);
  }
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
