import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { readReleaseFile } from './release.ts';

/**
 * Deletes releases that are not to be kept, and what interrupted steps left. Answers which trees of the store the
 * kept ones use.
 */
export async function tidyReleases(folder: string, kept: ReadonlySet<string>): Promise<Set<string>> {
  const used = new Set<string>();
  for (const name of await readdir(folder)) {
    const place = path.join(folder, name);
    if (!kept.has(name)) {
      await rm(place, { recursive: true, force: true });
      continue;
    }
    const release = await readReleaseFile(place);
    for (const tree of [release?.nodeRed, release?.nodeJs, release?.modules]) {
      if (typeof tree === 'string') {
        used.add(tree);
      }
    }
  }
  return used;
}
