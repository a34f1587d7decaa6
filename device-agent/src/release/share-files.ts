import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { readTreeList } from './tree-list.ts';

/** Larger ones would fill the memory of a small machine. */
const LARGEST = 16 * 1024 * 1024;
const AT_ONCE = 8;

/**
 * Puts links to the files of another tree in the place of equal ones of a new tree, so that both take the disk of one.
 * Where links cannot be had, the files stay as they are.
 * @returns how many bytes that saved
 */
export async function shareFiles(tree: string, other: string): Promise<number> {
  const known = await readTreeList(other);
  const alike = [...(await readTreeList(tree))].filter(
    ([file, size]) => size > 0 && size <= LARGEST && known.get(file) === size,
  );
  let saved = 0;
  for (let start = 0; start < alike.length; start += AT_ONCE) {
    const some = alike.slice(start, start + AT_ONCE);
    const shared = await Promise.all(
      some.map(async ([file, size]) =>
        (await shareFile(path.join(tree, file), path.join(other, file))) ? size : 0,
      ),
    );
    saved += shared.reduce((sum, size) => sum + size, 0);
  }
  return saved;
}

async function shareFile(file: string, original: string): Promise<boolean> {
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    const [ours, theirs] = await Promise.all([readFile(file), readFile(original)]);
    if (!ours.equals(theirs)) {
      return false;
    }
    await link(original, temporary);
    await rename(temporary, file);
    return true;
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
    return false;
  }
}
