import { readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { installableModules, type Modules, readLockFile } from '@flowyard/protocol';
import { NpmError, type OnLookUp, runNpm } from './npm.ts';
import {
  installedVersion,
  missingModules,
  NEW_PACKAGE_FILE,
  readLockFile as readLock,
  readPackageFile,
} from './palette.ts';

const LOCK_FILE = 'package-lock.json';

/** The tree that a lock file describes, as far as it has to be known while nothing is installed. */
export interface LockedTree {
  /** What its package file asks for. */
  roots: Record<string, string>;
  /** The version at each place below the folder. */
  versions: ReadonlyMap<string, string>;
  /** Modules that are wanted beside it. */
  extra: Record<string, string>;
}

/** Whether a lock file can be used for a set of modules, of which it may be of a part; else why not. */
export function fitLock(text: string, modules: Modules): { tree: LockedTree } | { problem: string } {
  const roots = rootsOf(text);
  const locked = Object.entries(modules).filter(([name]) => name in roots);
  const reading = readLockFile(text, Object.fromEntries(locked));
  if ('problem' in reading) {
    return reading;
  }
  const extra = installableModules(modules).filter(([name]) => !(name in roots));
  return { tree: { roots, versions: versionsIn(reading.lock), extra: Object.fromEntries(extra) } };
}

/** Whether a folder has the tree of a lock file; there may be more in it. */
export function holdsTree(folder: string, { roots, versions, extra }: LockedTree): boolean {
  const noted = versionsIn(readLock(folder) ?? '{}');
  const isThere = (name: string) => installedVersion(folder, name) === versions.get(`node_modules/${name}`);
  return (
    [...versions].every(([place, version]) => noted.get(place) === version) &&
    Object.keys(roots).every(isThere) &&
    missingModules(folder, extra).length === 0
  );
}

/** Whether a folder has palette modules besides those of the tree. */
export function hasOtherModules(folder: string, { roots, extra }: LockedTree): boolean {
  const asked = Object.keys(readPackageFile(folder).dependencies ?? {});
  return asked.some((name) => !(name in roots || name in extra) && isPaletteModule(folder, name));
}

/**
 * Installs the tree of a lock file into a folder that has nothing in it yet. What the lock file lacks, since it was
 * made with other options of npm or the template adds it, is chosen by npm.
 */
export async function installTree(
  folder: string,
  text: string,
  { roots, extra }: LockedTree,
  npm: { npmrc: string; signal: AbortSignal; onLookUp: OnLookUp },
): Promise<void> {
  const dependencies = { ...roots, ...extra };
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ ...NEW_PACKAGE_FILE, dependencies }, null, 2),
  );
  await writeFile(join(folder, LOCK_FILE), text);
  await copyFile(npm.npmrc, join(folder, '.npmrc')).catch(() => {});
  const run = (...args: string[]) => runNpm([...args, '--prefer-offline'], folder, npm.signal, npm.onLookUp);
  const complete = () => run('install', '--save-exact', '--package-lock');
  if (Object.keys(extra).length > 0) {
    return complete();
  }
  try {
    await run('ci');
  } catch (error) {
    if (!(error instanceof NpmError && error.code === 'EUSAGE')) {
      throw error;
    }
    await complete();
  }
}

function rootsOf(text: string): Record<string, string> {
  const { packages = {} } = readJson<{ packages?: Record<string, { dependencies?: object }> }>(text);
  return { ...packages['']?.dependencies };
}

function versionsIn(text: string): ReadonlyMap<string, string> {
  const { packages = {} } = readJson<{ packages?: Record<string, { version?: string }> }>(text);
  const entries = Object.entries(packages).filter(([place]) => place !== '');
  return new Map(entries.map(([place, { version = '' }]) => [place, version]));
}

/** Function nodes have modules of their own there, which Node-RED looks after. */
function isPaletteModule(folder: string, name: string): boolean {
  try {
    return 'node-red' in JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'));
  } catch {
    return false;
  }
}

function readJson<T extends object>(text: string): Partial<T> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
