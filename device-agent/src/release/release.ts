import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { installableModules, SnapshotManifest } from '@flowyard/protocol';
import { digestOf } from '../http-client.ts';

/** A snapshot as the target names it. */
export interface TargetSnapshot {
  id: string;
  name: string;
  manifest: SnapshotManifest;
}

/** One applied snapshot on disk: `releases/<id>/release.json` beside its flows. */
export interface Release {
  id: string;
  snapshot: TargetSnapshot;
  /** Folder names in the store. */
  nodeRed: string;
  /** Null: the Node.js of the agent runs it. */
  nodeJs: string | null;
  /** Null: it has no modules of its own. */
  modules: string | null;
}

/** Modules to install. */
export const ownModules = (manifest: SnapshotManifest) => installableModules(manifest.modules);

function shortHash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 24);
}

/** Part of a name only where there is a lock file, so that what was installed before there were any keeps its name. */
const lockPart = ({ lock }: SnapshotManifest) => (lock === null ? [] : [lock]);

/** The name of the tree in the store that has these modules, by that lock file; null when there are none. */
export function moduleTreeName(manifest: SnapshotManifest): string | null {
  const modules = ownModules(manifest);
  const locked = lockPart(manifest);
  return modules.length === 0
    ? null
    : `modules-${shortHash(locked.length === 0 ? modules : [modules, locked])}`;
}

/**
 * The name of a release. The digest of the credentials is left out on purpose: a snapshot never changes, but its
 * credentials may be encrypted afresh each time they are sent, which must not look like another release.
 */
export function releaseIdOf(snapshot: TargetSnapshot): string {
  const { flows, credentials, variables, nodeRed } = snapshot.manifest;
  return shortHash([
    snapshot.id,
    flows,
    credentials !== null,
    variables.map(({ name, value, secret }) => [name, value, secret]),
    ownModules(snapshot.manifest),
    nodeRed,
    ...lockPart(snapshot.manifest),
  ]);
}

/** Whether a running Node-RED can go from one to the other without being started again. */
export function differsOnlyInFlows(from: TargetSnapshot, to: TargetSnapshot): boolean {
  const rest = ({ manifest }: TargetSnapshot) =>
    JSON.stringify([manifest.variables, ownModules(manifest), manifest.nodeRed, manifest.lock]);
  return rest(from) === rest(to);
}

export const FLOWS_FILE = 'flows.json';
/** Node-RED derives this name from that of the flows. */
export const CREDENTIALS_FILE = 'flows_cred.json';
export const RELEASE_FILE = 'release.json';

export function parseRelease(value: unknown): Release {
  const release = value as Release;
  const manifest = SnapshotManifest.parse(release.snapshot.manifest);
  if (typeof release.id !== 'string' || typeof release.nodeRed !== 'string') {
    throw new Error('not a release');
  }
  return { ...release, snapshot: { ...release.snapshot, manifest } };
}

/** What a release says of itself, whether or not its other parts are there; null when that is damaged, too. */
export async function readReleaseFile(folder: string): Promise<Release | null> {
  try {
    return parseRelease(JSON.parse(await readFile(path.join(folder, RELEASE_FILE), 'utf8')));
  } catch {
    return null;
  }
}

/** Reads a release of which all parts are there and undamaged; else null. */
export async function readRelease(folder: string): Promise<Release | null> {
  const release = await readReleaseFile(folder);
  if (release === null) {
    return null;
  }
  const { flows, credentials } = release.snapshot.manifest;
  const hasPart = async (file: string, digest: string) =>
    readFile(path.join(folder, file)).then(
      (bytes) => digestOf(bytes) === digest,
      () => false,
    );
  const isIntact =
    (await hasPart(FLOWS_FILE, flows)) &&
    (credentials === null || (await hasPart(CREDENTIALS_FILE, credentials)));
  return isIntact ? release : null;
}

/** The name of the release that a link points at; null when there is no link. */
export async function linkedReleaseId(link: string): Promise<string | null> {
  return readlink(link).then(
    (target) => path.basename(target),
    () => null,
  );
}
