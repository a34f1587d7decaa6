import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { writeFileAtomically } from '../files/atomic-file.ts';

const LIST_FILE = 'files.txt';
/** So many at once are quick, and leave file handles to others. */
const AT_ONCE = 64;

async function sizeOf(file: string): Promise<number | null> {
  return lstat(file).then(
    ({ size }) => size,
    () => null,
  );
}

/** Writes down the files of an installed tree with their sizes, so that damage can be found later. */
export async function writeTreeList(tree: string): Promise<void> {
  const entries = await readdir(path.join(tree, 'node_modules'), { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(tree, path.join(entry.parentPath, entry.name)));
  const lines: string[] = [];
  for (let start = 0; start < files.length; start += AT_ONCE) {
    const some = files.slice(start, start + AT_ONCE);
    const sizes = await Promise.all(some.map((file) => sizeOf(path.join(tree, file))));
    lines.push(...some.map((file, index) => `${sizes[index]} ${file}`));
  }
  await writeFileAtomically(path.join(tree, LIST_FILE), `${lines.join('\n')}\n`);
}

/** The files of a tree with their sizes, as they were written down; none of a tree without a list. */
export async function readTreeList(tree: string): Promise<Map<string, number>> {
  const list = await readFile(path.join(tree, LIST_FILE), 'utf8').catch(() => '');
  const lines = list.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const space = line.indexOf(' ');
      return [line.slice(space + 1), Number(line.slice(0, space))];
    }),
  );
}

/**
 * The first file of a tree that is gone or has lost its length, as after a power cut; null when all are there. What
 * was added is no damage, and of a tree without a list nothing is known.
 */
export async function findDamage(tree: string): Promise<string | null> {
  const listed = [...(await readTreeList(tree))];
  for (let start = 0; start < listed.length; start += AT_ONCE) {
    const some = listed.slice(start, start + AT_ONCE);
    const sizes = await Promise.all(some.map(([file]) => sizeOf(path.join(tree, file))));
    const damaged = some.find(([, size], index) => sizes[index] !== size);
    if (damaged !== undefined) {
      return damaged[0];
    }
  }
  return null;
}
