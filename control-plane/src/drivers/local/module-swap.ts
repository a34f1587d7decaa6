import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MAKING = '.modules-making';
const READY = '.modules-ready';
const NEXT = '.modules-next';
const OLD = '.modules-old';
const MADE_FOR = '.modules-made-for';
const MODULES = 'node_modules';
/** What belongs to a tree beside it. */
const BESIDE = ['package.json', 'package-lock.json', MADE_FOR];

/**
 * Makes a tree of modules beside the one that is in use. It is ready when it is complete, by one rename; what a
 * killed process left of another is cleared away.
 */
export async function makeModules(
  folder: string,
  key: string,
  fill: (making: string) => Promise<void>,
): Promise<void> {
  const making = join(folder, MAKING);
  await discardModules(folder);
  await mkdir(making, { recursive: true });
  try {
    await fill(making);
    // Also npm removes a folder that has nothing in it.
    await mkdir(join(making, MODULES), { recursive: true });
    await writeFile(join(making, MADE_FOR), key);
    await rename(making, join(folder, READY));
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

/** What the tree that is ready was made for; null when none is. */
export function readyModules(folder: string): string | null {
  return readMadeFor(join(folder, READY));
}

/** What the tree that is in use was made for; null when it was not made as a whole. */
export function modulesInUse(folder: string): string | null {
  return readMadeFor(folder);
}

/** Says that the tree in use is what would be made for a key. */
export function noteModulesInUse(folder: string, key: string): void {
  writeFileSync(join(folder, MADE_FOR), key);
}

function readMadeFor(folder: string): string | null {
  try {
    return readFileSync(join(folder, MADE_FOR), 'utf8');
  } catch {
    return null;
  }
}

/** Clears away a tree that is not in use. */
export async function discardModules(folder: string): Promise<void> {
  for (const name of [MAKING, READY]) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Puts the tree that is ready in the place of the one in use. No Node-RED may run on the folder. */
export async function swapModules(folder: string): Promise<void> {
  await rename(join(folder, READY), join(folder, NEXT));
  await finishSwap(folder);
}

/** Goes on with a swap where it was cut off, if one was. */
export async function finishSwap(folder: string): Promise<void> {
  const next = join(folder, NEXT);
  const old = join(folder, OLD);
  if (existsSync(next)) {
    if (existsSync(join(next, MODULES))) {
      await rm(old, { recursive: true, force: true });
      await renameIfThere(join(folder, MODULES), old);
      await rename(join(next, MODULES), join(folder, MODULES));
    }
    for (const file of BESIDE) {
      await renameIfThere(join(next, file), join(folder, file));
    }
    await rm(next, { recursive: true, force: true });
  }
  // Thousands of files: Node-RED is not kept waiting for them.
  void rm(old, { recursive: true, force: true }).catch(() => {});
}

async function renameIfThere(from: string, to: string): Promise<void> {
  if (existsSync(from)) {
    await rename(from, to);
  }
}
