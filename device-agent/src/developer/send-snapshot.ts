import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { AgentSnapshot } from '@flowyard/protocol';
import { LAUNCH } from '../agent-journal.ts';
import type { DeviceIdentity } from '../device-file.ts';
import type { Journal } from '../files/journal.ts';
import { requestJson } from '../http-client.ts';
import type { DevicePaths } from '../paths.ts';
import { lockFileIn } from '../release/lock-blob.ts';
import { CREDENTIALS_FILE, FLOWS_FILE, type Release, readRelease } from '../release/release.ts';
import { WORKSPACE, type Workspace } from './workspace.ts';

export interface SnapshotSources {
  identity: DeviceIdentity;
  paths: DevicePaths;
  journal: Journal;
  workspace: Workspace;
}

/** Control planes take no larger deploy of a hosted instance either. */
const MAX_BYTES = 20 * 1024 * 1024;
const SEND_TIMEOUT_MS = 60_000;

/** Sends what runs now, or would if it were not stopped. */
export async function sendSnapshot(requestId: string, sources: SnapshotSources): Promise<void> {
  const { identity } = sources;
  const body = await collect(requestId, sources);
  if (Buffer.byteLength(JSON.stringify(body)) > MAX_BYTES) {
    throw new Error('The flows on this device have more than 20 MB.');
  }
  await requestJson(`${identity.url}/api/v1/agent/snapshots`, {
    method: 'POST',
    token: identity.token,
    body,
    timeoutMs: SEND_TIMEOUT_MS,
  });
}

async function collect(requestId: string, sources: SnapshotSources): Promise<AgentSnapshot> {
  const { paths } = sources;
  const { folder, release } = await whatRuns(sources);
  const isWorkspace = release.id === WORKSPACE;
  const { manifest } = release.snapshot;
  return {
    requestId,
    baseSnapshotId: release.snapshot.id === WORKSPACE ? null : release.snapshot.id,
    flows: (await readJson(path.join(folder, FLOWS_FILE), [])) as AgentSnapshot['flows'],
    credentials: (await readJson(path.join(folder, CREDENTIALS_FILE), {})) as Record<string, unknown>,
    modules: isWorkspace ? await installedModules(folder) : manifest.modules,
    lock: await lockFileIn(
      isWorkspace || release.modules === null ? folder : path.join(paths.store, release.modules),
    ),
    nodeRed: manifest.nodeRed,
    nodeJs: process.versions.node,
  };
}

async function whatRuns({ paths, journal, workspace }: SnapshotSources) {
  const launch = await journal.read(LAUNCH);
  const id = launch?.releaseId ?? null;
  if (id === WORKSPACE) {
    const release = await workspace.read();
    if (release !== null) {
      return { folder: paths.developer, release };
    }
  }
  const folder = id === null ? null : path.join(paths.releases, id);
  const release: Release | null = folder === null ? null : await readRelease(folder);
  if (folder === null || release === null) {
    throw new Error('Nothing runs on this device of which a snapshot could be taken.');
  }
  return { folder, release };
}

/** The exact versions of what `package.json` asks for. */
async function installedModules(folder: string): Promise<Record<string, string>> {
  const { dependencies = {} } = (await readJson(path.join(folder, 'package.json'), {})) as {
    dependencies?: Record<string, string>;
  };
  const found = await Promise.all(
    Object.entries(dependencies).map(async ([name, wanted]) => {
      const file = path.join(folder, 'node_modules', name, 'package.json');
      const { version } = (await readJson(file, {})) as { version?: string };
      return [name, version ?? wanted] as const;
    }),
  );
  return Object.fromEntries(found);
}

/** A file that is not there is as good as empty; one that is damaged is not. */
async function readJson(file: string, otherwise: unknown): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return otherwise;
    }
    throw error;
  }
}
