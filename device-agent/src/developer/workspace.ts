import { copyFile, cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DeviceTarget } from '@flowyard/protocol';
import { syncFolder, writeFileAtomically } from '../files/atomic-file.ts';
import { digestOf } from '../http-client.ts';
import type { DevicePaths } from '../paths.ts';
import { NPM_LOCK_FILE } from '../release/lock-blob.ts';
import {
  CREDENTIALS_FILE,
  FLOWS_FILE,
  ownModules,
  parseRelease,
  RELEASE_FILE,
  type Release,
  readRelease,
  type TargetSnapshot,
} from '../release/release.ts';
import type { ReleaseBuilder } from '../release/release-builder.ts';
import type { Store } from '../release/store.ts';

/** The id under which what people edit is run: never that of a release. */
export const WORKSPACE = 'developer';

const BASE_FILE = 'base.json';
const PACKAGE_FILE = 'package.json';
const NO_FLOWS = Buffer.from('[]');

/** Where a device without any release begins. */
export function emptySnapshot(nodeRed: string): TargetSnapshot {
  const manifest = {
    version: 1 as const,
    flows: digestOf(NO_FLOWS),
    credentials: null,
    variables: [],
    modules: {},
    lock: null,
    nodeRed,
    nodeJs: process.versions.node,
  };
  return { id: WORKSPACE, name: 'empty', manifest };
}

interface WorkspaceOptions {
  paths: DevicePaths;
  builder: ReleaseBuilder;
  store: Store;
}

/**
 * The folder that people edit in while a device is in developer mode: a copy of the release that ran, of which nothing
 * is shared with releases. When developer mode ends it is set aside, where the next one that was edited replaces it.
 */
export class Workspace {
  readonly #options: WorkspaceOptions;
  #edited = false;
  #seen = '';

  constructor(options: WorkspaceOptions) {
    this.#options = options;
  }

  /** Whether something differs from what it began with, as of the last look. */
  get isEdited(): boolean {
    return this.#edited;
  }

  /** What it began with; null when there is none, or one that was not completed. */
  async read(): Promise<Release | null> {
    try {
      const text = await readFile(this.#at(RELEASE_FILE), 'utf8');
      return parseRelease(JSON.parse(text));
    } catch {
      return null;
    }
  }

  /** What a new one would begin with. */
  baseFor(target: DeviceTarget | null, committed: TargetSnapshot | null): TargetSnapshot | null {
    const nodeRed = target?.developer?.nodeRed;
    return committed ?? (nodeRed === undefined ? null : emptySnapshot(nodeRed));
  }

  /** Makes it: it is there when its release file is, which is written last. */
  async prepare(base: TargetSnapshot): Promise<void> {
    const { paths, builder, store } = this.#options;
    const release = { ...builder.releaseOf(base), id: WORKSPACE };
    await rm(paths.developer, { recursive: true, force: true });
    await mkdir(paths.developer, { recursive: true });
    await this.#copyFlows(base);
    const dependencies = Object.fromEntries(ownModules(base.manifest));
    await this.#write(PACKAGE_FILE, {
      name: 'node-red-project',
      private: true,
      version: '0.0.1',
      dependencies,
    });
    if (release.modules !== null) {
      // A copy, for the tree in the store belongs to releases too, and what is installed here changes this one.
      const tree = store.path(release.modules);
      await cp(path.join(tree, 'node_modules'), this.#at('node_modules'), {
        recursive: true,
        verbatimSymlinks: true,
      });
      await copyFile(path.join(tree, NPM_LOCK_FILE), this.#at(NPM_LOCK_FILE)).catch(() => {
        // A tree without one is as good; npm makes a new one with the next module.
      });
    }
    await this.#write(BASE_FILE, { content: await this.#digest() });
    await this.#write(RELEASE_FILE, release);
    await syncFolder(paths.developer);
    await this.look();
  }

  async #copyFlows(base: TargetSnapshot): Promise<void> {
    const { paths, builder } = this.#options;
    const folder = path.join(paths.releases, builder.releaseOf(base).id);
    if (base.id === WORKSPACE) {
      await writeFileAtomically(this.#at(FLOWS_FILE), NO_FLOWS.toString());
      return;
    }
    if ((await readRelease(folder)) === null) {
      throw new Error('The release to edit is damaged on disk.');
    }
    for (const file of [FLOWS_FILE, CREDENTIALS_FILE]) {
      const text = await readFile(path.join(folder, file), 'utf8').catch(() => null);
      if (text !== null) {
        await writeFileAtomically(this.#at(file), text, { mode: 0o600 });
      }
    }
  }

  /** Ends it. What was edited is kept, one copy of it; modules can be installed again. */
  async setAside(): Promise<void> {
    const { paths } = this.#options;
    await this.look();
    await rm(this.#at('node_modules'), { recursive: true, force: true });
    if (this.#edited) {
      await rm(paths.kept, { recursive: true, force: true });
      await rename(paths.developer, paths.kept);
    } else {
      await rm(paths.developer, { recursive: true, force: true });
    }
    await syncFolder(paths.folder);
    this.#edited = false;
    this.#seen = '';
  }

  /** Looks whether something was edited. Cheap while no file changes. @returns whether the answer is another one */
  async look(): Promise<boolean> {
    const files = [FLOWS_FILE, CREDENTIALS_FILE, PACKAGE_FILE];
    const times = await Promise.all(
      files.map((file) =>
        stat(this.#at(file)).then(
          ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
          () => '',
        ),
      ),
    );
    const seen = times.join();
    if (seen === this.#seen) {
      return false;
    }
    const before = this.#edited;
    this.#edited = await this.#differs();
    this.#seen = seen;
    return before !== this.#edited;
  }

  async #differs(): Promise<boolean> {
    const base = await readFile(this.#at(BASE_FILE), 'utf8').catch(() => null);
    return base !== null && JSON.parse(base).content !== (await this.#digest());
  }

  /** Of what counts as an edit; how the files are laid out does not. */
  async #digest(): Promise<string> {
    const contents = [
      await this.#json(FLOWS_FILE, []),
      await this.#json(CREDENTIALS_FILE, {}),
      ((await this.#json(PACKAGE_FILE, {})) as { dependencies?: unknown }).dependencies ?? {},
    ];
    return digestOf(Buffer.from(JSON.stringify(contents)));
  }

  async #json(file: string, otherwise: unknown): Promise<unknown> {
    try {
      return JSON.parse(await readFile(this.#at(file), 'utf8'));
    } catch {
      return otherwise;
    }
  }

  async #write(file: string, value: unknown): Promise<void> {
    await writeFileAtomically(this.#at(file), `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  }

  #at(file: string): string {
    return path.join(this.#options.paths.developer, file);
  }
}
