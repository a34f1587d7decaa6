import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../files/atomic-file.ts';
import { hasRunScripts, noteScripts } from './install-scripts.ts';
import { LOCK_COPY, NPM_LOCK_FILE } from './lock-blob.ts';
import { npmInstall } from './npm.ts';
import { shareFiles } from './share-files.ts';
import { findDamage, writeTreeList } from './tree-list.ts';

const TEMPORARY = '.tmp-';
const TREE = /^(?:node-red|node|modules)-/;
/** What a killed agent left half done is older than any install may take. */
const ABANDONED_MS = 60 * 60_000;

export interface StoreOptions {
  folder: string;
}

export interface TreeRequest {
  name: string;
  dependencies: Record<string, string>;
  /** The npm lock file by which they are installed; null leaves the choice to npm. */
  lock: string | null;
  /** Whether the packages may run their install scripts. */
  allowScripts: boolean;
  signal: AbortSignal;
  onProgress: (packages: number) => void;
}

/** Asks the system to bring a tree of thousands of files to the disk, which one by one would take long. */
async function syncTree(folder: string): Promise<void> {
  if (process.platform !== 'linux') {
    return;
  }
  await new Promise<void>((resolve) => {
    const child = spawn('sync', ['-f', folder], { stdio: 'ignore', timeout: 60_000 });
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
}

/**
 * Trees of installed packages by name. A tree is made under a temporary name and appears by one rename, so what
 * has its name is complete; we never change it after that, so that releases and agents can share it, and trees the
 * files that they have in common. Others may have damaged it: then a new one is made, and takes its place when it is complete.
 */
export class Store {
  readonly #options: StoreOptions;
  /** Trees in which something was found missing, and which are to be made again. */
  readonly #damaged = new Set<string>();
  /** Damaged trees that could not be made again and are used as they are. */
  readonly #excused = new Set<string>();

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  path(name: string): string {
    return path.join(this.#options.folder, name);
  }

  /** Whether the tree is there with these packages, and with what their scripts made, as far as a quick look tells. */
  async has(name: string, dependencies: Record<string, string>, needsScripts: boolean): Promise<boolean> {
    return (
      !this.#damaged.has(name) &&
      (await this.#holds(name, dependencies)) &&
      (!needsScripts || (await hasRunScripts(this.path(name))))
    );
  }

  async #holds(name: string, dependencies: Record<string, string>): Promise<boolean> {
    const modules = path.join(this.path(name), 'node_modules');
    const files = Object.keys(dependencies).map((dependency) =>
      path.join(modules, dependency, 'package.json'),
    );
    return Promise.all(files.map((file) => access(file))).then(
      () => true,
      () => false,
    );
  }

  /** Looks at each file of a tree. Says which one is damaged; the tree is then missing until it is made again. */
  async inspect(name: string): Promise<string | null> {
    const damage = this.#excused.has(name) ? null : await findDamage(this.path(name));
    if (damage !== null) {
      this.#damaged.add(name);
    }
    return damage;
  }

  /** Takes damaged trees as they are, since nothing better can be had. Answers whether there are any. */
  excuseDamage(): boolean {
    const isNeeded = this.#damaged.size > 0;
    for (const name of this.#damaged) {
      this.#excused.add(name);
    }
    this.#damaged.clear();
    return isNeeded;
  }

  /** Something better may be had now: the next inspection finds them damaged again. */
  forgetExcuses(): void {
    this.#excused.clear();
  }

  /** Installs a tree unless it is there. Nothing is left of one that fails. */
  async install(request: TreeRequest): Promise<void> {
    const { name, dependencies, allowScripts } = request;
    if (await this.has(name, dependencies, allowScripts)) {
      return;
    }
    await this.#make(request);
    this.#damaged.delete(name);
    this.#excused.delete(name);
  }

  async #make(request: TreeRequest): Promise<void> {
    const { name, dependencies, lock, allowScripts, signal, onProgress } = request;
    const { folder } = this.#options;
    const temporary = this.#temporary(name);
    await mkdir(temporary, { recursive: true });
    try {
      const manifest = { name: 'flowyard-tree', version: '1.0.0', private: true, dependencies };
      await writeFile(path.join(temporary, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
      if (lock !== null) {
        await writeFile(path.join(temporary, NPM_LOCK_FILE), lock);
        await writeFile(path.join(temporary, LOCK_COPY), lock);
      }
      await npmInstall({ folder: temporary, isLocked: lock !== null, allowScripts, signal, onProgress });
      if (allowScripts) {
        await noteScripts(temporary);
      }
      await writeTreeList(temporary);
      await this.#share(name, temporary);
      await syncTree(temporary);
      await this.#replace(request, temporary);
      await syncFolder(folder);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  /** Two releases have most of their modules in common. */
  async #share(name: string, made: string): Promise<void> {
    for (const other of await readdir(this.#options.folder).catch(() => [])) {
      if (TREE.test(other) && other !== name && !this.#damaged.has(other)) {
        await shareFiles(made, this.path(other));
      }
    }
  }

  /** Gives a new tree its name. A damaged one of that name goes; a good one is that of another agent, and stays. */
  async #replace({ name, dependencies, allowScripts }: TreeRequest, made: string): Promise<void> {
    if (!(await this.has(name, dependencies, allowScripts))) {
      const old = this.#temporary(name);
      await rename(this.path(name), old).catch(() => {});
      await rename(made, this.path(name)).catch(async (error: unknown) => {
        if (!(await this.#holds(name, dependencies))) {
          throw error;
        }
      });
      await rm(old, { recursive: true, force: true });
    }
  }

  #temporary(name: string): string {
    return path.join(this.#options.folder, `${TEMPORARY}${name}-${randomBytes(4).toString('hex')}`);
  }

  /** Removes what nothing uses any more, and what an interrupted install left. */
  async tidy(used: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#options.folder).catch(() => [])) {
      const isAbandoned = name.startsWith(TEMPORARY) && (await this.#age(name)) > ABANDONED_MS;
      if (isAbandoned || (TREE.test(name) && !used.has(name))) {
        await rm(this.path(name), { recursive: true, force: true });
      }
    }
  }

  async #age(name: string): Promise<number> {
    const { mtimeMs } = await stat(this.path(name)).catch(() => ({ mtimeMs: Date.now() }));
    return Math.abs(Date.now() - mtimeMs);
  }
}
