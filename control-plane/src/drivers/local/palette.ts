import { readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type OnLookUp, runNpm } from './npm.ts';

type Modules = Record<string, string>;

export interface PackageFile {
  dependencies?: Modules;
  [key: string]: unknown;
}

export const NEW_PACKAGE_FILE: PackageFile = { name: 'node-red-project', private: true, version: '0.0.1' };

/** The modules that a folder lacks, or has in another version. */
export function missingModules(folder: string, modules: Modules): string[] {
  const { dependencies = {} } = readPackageFile(folder);
  return Object.entries(modules)
    .filter(([name, wanted]) => {
      const installed = installedVersion(folder, name);
      // A range is satisfied by what npm installed when it was asked for that range.
      return installed === null || !(installed === wanted || wanted === '*' || dependencies[name] === wanted);
    })
    .map(([name, wanted]) => `${name}@${wanted}`);
}

/** The modules that a folder asks for and has, with the versions that are there. */
export function installedModules(folder: string): Modules {
  const { dependencies = {} } = readPackageFile(folder);
  const entries = Object.keys(dependencies).map((name) => [name, installedVersion(folder, name)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** What npm noted of how it installed them; null when there is nothing to read. */
export function readLockFile(folder: string): string | null {
  try {
    return readFileSync(join(folder, 'package-lock.json'), 'utf8');
  } catch {
    return null;
  }
}

/**
 * Installs what is missing beside what a person installed in the editor. When npm fails, the package file is put
 * back, so that the next install in the editor does not stumble over the same module.
 */
export async function installModules(
  folder: string,
  modules: Modules,
  signal: AbortSignal,
  onLookUp: OnLookUp,
): Promise<void> {
  const before = readPackageFile(folder);
  const dependencies = { ...before.dependencies, ...modules };
  await writePackageFile(folder, { ...before, dependencies });
  try {
    await runNpm(['install', '--save-exact', '--package-lock'], folder, signal, onLookUp);
  } catch (error) {
    await writePackageFile(folder, before);
    throw error;
  }
}

/** The `.npmrc` of a folder as it should be; whatever else wrote one there is overruled. */
export async function writeNpmrc(folder: string, content: unknown): Promise<void> {
  const path = join(folder, '.npmrc');
  if (typeof content !== 'string') {
    await rm(path, { force: true });
    return;
  }
  await writeFile(`${path}.tmp`, content.endsWith('\n') ? content : `${content}\n`, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

/** The version of a module that a folder has; null when it has none. */
export function installedVersion(folder: string, name: string): string | null {
  try {
    return JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version;
  } catch {
    return null;
  }
}

export function readPackageFile(folder: string): PackageFile {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch {
    return NEW_PACKAGE_FILE;
  }
}

function writePackageFile(folder: string, content: PackageFile): Promise<void> {
  return writeFile(join(folder, 'package.json'), JSON.stringify(content, null, 2));
}
