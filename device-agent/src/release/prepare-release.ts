import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { replaceLink, syncFolder, writeFileAtomically } from '../files/atomic-file.ts';
import { digestOf } from '../http-client.ts';
import { fetchBlob } from './fetch-blob.ts';
import type { Release } from './release.ts';
import { CREDENTIALS_FILE, FLOWS_FILE, ownModules, RELEASE_FILE } from './release.ts';

export interface PrepareOptions {
  releases: string;
  storeFolder: string;
  url: string;
  token: string;
  /** Folders of other releases, which may have an equal part already. */
  others: readonly string[];
  signal: AbortSignal;
}

const NO_CREDENTIALS = '{}';

async function findLocally(digest: string, others: readonly string[]): Promise<Buffer | null> {
  for (const folder of others) {
    for (const name of [FLOWS_FILE, CREDENTIALS_FILE]) {
      const bytes = await readFile(path.join(folder, name)).catch(() => null);
      if (bytes !== null && digestOf(bytes) === digest) {
        return bytes;
      }
    }
  }
  return null;
}

/** A part of a snapshot: from another release when one has it, else from the control plane. */
async function readPart(digest: string, options: PrepareOptions): Promise<Buffer> {
  return (await findLocally(digest, options.others)) ?? (await fetchBlob(digest, options));
}

/**
 * Makes the folder of a release, complete or not at all: everything is written beside it and appears by one
 * rename. What runs now is not touched.
 */
export async function prepareRelease(release: Release, options: PrepareOptions): Promise<void> {
  const final = path.join(options.releases, release.id);
  const unique = randomBytes(4).toString('hex');
  const temporary = `${final}.${unique}.tmp`;
  const damaged = `${final}.${unique}.damaged.tmp`;
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  try {
    const { manifest } = release.snapshot;
    const write = (name: string, content: string | Buffer) =>
      writeFileAtomically(path.join(temporary, name), content, { mode: 0o600 });
    await write(FLOWS_FILE, await readPart(manifest.flows, options));
    await write(
      CREDENTIALS_FILE,
      manifest.credentials === null ? NO_CREDENTIALS : await readPart(manifest.credentials, options),
    );
    const dependencies = Object.fromEntries(ownModules(manifest));
    const description = { name: 'flowyard-release', version: '1.0.0', private: true, dependencies };
    await write('package.json', `${JSON.stringify(description, null, 2)}\n`);
    await write(RELEASE_FILE, `${JSON.stringify(release, null, 2)}\n`);
    if (release.modules !== null) {
      const tree = path.join(options.storeFolder, release.modules, 'node_modules');
      await replaceLink(path.join(temporary, 'node_modules'), tree);
    }
    // A folder of that name is there only when it is damaged, or it would not have been asked for again. It is
    // deleted last: without a network, its good parts are all there is.
    await rename(final, damaged).catch(() => {});
    await rename(temporary, final);
    await syncFolder(options.releases);
    await rm(damaged, { recursive: true, force: true });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
