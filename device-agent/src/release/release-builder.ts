import { mkdir, readdir, readlink } from 'node:fs/promises';
import path from 'node:path';
import type { Phase } from '../describe-current.ts';
import type { DeviceIdentity } from '../device-file.ts';
import { requireSpace } from '../files/disk.ts';
import type { DevicePaths } from '../paths.ts';
import type { Readiness } from '../plan-steps.ts';
import { readSnapshotLock } from './lock-blob.ts';
import { prepareRelease } from './prepare-release.ts';
import {
  moduleTreeName,
  ownModules,
  type Release,
  readRelease,
  releaseIdOf,
  type TargetSnapshot,
} from './release.ts';
import { stackFor } from './stack.ts';
import type { Store, TreeRequest } from './store.ts';

/** What must be free for each, so that a disk is not filled to the brim and then found too small. */
const NODE_RED_MB = 150;
const MODULES_MB = 32;
const RELEASE_MB = 4;

export interface ReleaseBuilderOptions {
  paths: DevicePaths;
  identity: DeviceIdentity;
  store: Store;
  onPhase: (phase: Phase) => void;
}

/** Brings everything that a snapshot needs onto the disk, while something else may run. */
export class ReleaseBuilder {
  readonly #options: ReleaseBuilderOptions;

  constructor(options: ReleaseBuilderOptions) {
    this.#options = options;
  }

  /** What of a snapshot is on disk already, as far as a quick look tells. */
  async ready(snapshot: TargetSnapshot, allowScripts: boolean): Promise<Readiness> {
    const { paths, store } = this.#options;
    const { packages } = this.#stack(snapshot);
    const tree = moduleTreeName(snapshot.manifest);
    const release = await readRelease(path.join(paths.releases, releaseIdOf(snapshot)));
    const has = await Promise.all(
      Object.entries(packages).map(([name, wanted]) => store.has(name, wanted, false)),
    );
    return {
      release: release !== null && (await this.#fits(release)),
      nodeRed: has.every(Boolean),
      modules:
        tree === null ||
        (await store.has(tree, Object.fromEntries(ownModules(snapshot.manifest)), allowScripts)),
    };
  }

  /** Whether a release is made for the store and the Node.js that are used now. */
  async #fits(release: Release): Promise<boolean> {
    const { paths, store } = this.#options;
    const { nodeRed, nodeJs } = this.#stack(release.snapshot);
    if (release.nodeRed !== nodeRed || release.nodeJs !== nodeJs) {
      return false;
    }
    const link = await readlink(path.join(paths.releases, release.id, 'node_modules')).catch(() => null);
    const tree = release.modules === null ? null : path.join(store.path(release.modules), 'node_modules');
    return (link === null ? null : path.resolve(link)) === tree;
  }

  /** The release that a snapshot makes on this device. */
  releaseOf(snapshot: TargetSnapshot): Release {
    const { nodeRed, nodeJs } = this.#stack(snapshot);
    return {
      id: releaseIdOf(snapshot),
      snapshot,
      nodeRed,
      nodeJs,
      modules: moduleTreeName(snapshot.manifest),
    };
  }

  /**
   * Looks at each file of what a release was installed with, for when it does not start though it did before.
   * Answers the damaged files; what they belong to is not ready until it is installed again.
   */
  async inspect(snapshot: TargetSnapshot): Promise<string[]> {
    const tree = moduleTreeName(snapshot.manifest);
    const names = [...Object.keys(this.#stack(snapshot).packages), ...(tree === null ? [] : [tree])];
    const found = await Promise.all(names.map((name) => this.#options.store.inspect(name)));
    return found.filter((file) => file !== null);
  }

  #stack(snapshot: TargetSnapshot) {
    const { version: nodeJs, platform, arch } = process;
    return stackFor(snapshot.manifest.nodeRed, { nodeJs, platform, arch });
  }

  async installNodeRed(snapshot: TargetSnapshot, signal: AbortSignal): Promise<void> {
    for (const [name, dependencies] of Object.entries(this.#stack(snapshot).packages)) {
      const what = `Node-RED ${snapshot.manifest.nodeRed}`;
      await this.#install(
        { name, dependencies, lock: null, signal, megabytes: NODE_RED_MB, allowScripts: false },
        what,
      );
    }
  }

  async installModules(snapshot: TargetSnapshot, allowScripts: boolean, signal: AbortSignal): Promise<void> {
    const name = moduleTreeName(snapshot.manifest);
    if (name !== null) {
      const modules = ownModules(snapshot.manifest);
      const what = modules.length === 1 ? `module ${modules[0]?.[0]}` : `${modules.length} modules`;
      const dependencies = Object.fromEntries(modules);
      const { store, identity } = this.#options;
      const lock = await readSnapshotLock(snapshot, store.path(name), identity, signal);
      await this.#install({ name, dependencies, lock, signal, megabytes: MODULES_MB, allowScripts }, what);
    }
  }

  async #install(
    { megabytes, ...tree }: Omit<TreeRequest, 'onProgress'> & { megabytes: number },
    what: string,
  ): Promise<void> {
    const { store, onPhase } = this.#options;
    onPhase({ step: `installing ${what}`, progress: null });
    const onProgress = (packages: number) =>
      onPhase({ step: `installing ${what} (${packages} packages looked up)`, progress: null });
    await requireSpace(path.dirname(store.path('-')), megabytes, `to install ${what}`);
    await store.install({ ...tree, onProgress });
  }

  async prepare(snapshot: TargetSnapshot, signal: AbortSignal): Promise<void> {
    const { paths, identity, store, onPhase } = this.#options;
    onPhase({ step: `fetching snapshot "${snapshot.name}"`, progress: null });
    const release = this.releaseOf(snapshot);
    await mkdir(paths.releases, { recursive: true });
    await requireSpace(paths.releases, RELEASE_MB, `snapshot "${snapshot.name}"`);
    const others = (await readdir(paths.releases)).map((name) => path.join(paths.releases, name));
    const { url, token } = identity;
    const storeFolder = path.dirname(store.path('-'));
    await prepareRelease(release, { releases: paths.releases, storeFolder, url, token, others, signal });
  }
}
