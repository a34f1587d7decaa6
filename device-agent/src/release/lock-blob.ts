import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { MAX_LOCK_CHARACTERS, readLockFile } from '@flowyard/protocol';
import type { DeviceIdentity } from '../device-file.ts';
import { digestOf } from '../http-client.ts';
import { fetchBlob } from './fetch-blob.ts';
import { NpmError } from './npm-failure.ts';
import type { TargetSnapshot } from './release.ts';

/** What npm keeps in a tree of what it installed. */
export const NPM_LOCK_FILE = 'package-lock.json';
/** Beside npm's own in a tree: the lock file as the snapshot has it. */
export const LOCK_COPY = 'snapshot-lock.json';

/** What npm noted of how the modules of a folder were installed, unless that is larger than anybody takes. */
export async function lockFileIn(folder: string): Promise<string | null> {
  const text = await readFile(path.join(folder, NPM_LOCK_FILE), 'utf8').catch(() => null);
  return text === null || text.length > MAX_LOCK_CHARACTERS ? null : text;
}

/** The lock file of a snapshot: from a damaged tree that has it still, else from the control plane. */
export async function readSnapshotLock(
  { name, manifest }: TargetSnapshot,
  tree: string,
  identity: DeviceIdentity,
  signal: AbortSignal,
): Promise<string | null> {
  if (manifest.lock === null) {
    return null;
  }
  const local = await readFile(path.join(tree, LOCK_COPY)).catch(() => null);
  const bytes =
    local !== null && digestOf(local) === manifest.lock
      ? local
      : await fetchBlob(manifest.lock, { ...identity, signal });
  const reading = readLockFile(bytes.toString(), manifest.modules);
  if ('problem' in reading) {
    throw new NpmError(
      'permanent',
      `The lock file of snapshot "${name}" cannot be used. ${reading.problem} Take a new snapshot and deploy that.`,
    );
  }
  return bytes.toString();
}
