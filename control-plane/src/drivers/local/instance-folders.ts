import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readLockOwner, readLockRole, signalGroup } from '@flowyard/launcher';
import type { Logger } from 'pino';

const DELETED = '.deleted-';
const LOG_FILE = 'node-red.log';

/** The folders below `<data>/instances`, one for each process, made for the pool or for an instance. */
export class InstanceFolders {
  readonly #root: string;
  readonly #logger: Logger;

  constructor(dataDir: string, logger: Logger) {
    this.#root = join(dataDir, 'instances');
    this.#logger = logger;
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
  }

  path(folder: string): string {
    return join(this.#root, folder);
  }

  logFile(folder: string): string {
    return join(this.#root, folder, LOG_FILE);
  }

  exists(folder: string): boolean {
    return existsSync(this.path(folder));
  }

  /** A new, empty folder. */
  make(): string {
    const folder = randomBytes(10).toString('hex');
    mkdirSync(this.path(folder), { mode: 0o700 });
    return folder;
  }

  /** Ends a process that was given away but never heard of it, because the control plane was killed in between. */
  endPooledProcess(folder: string): void {
    const owner = readLockOwner(this.path(folder));
    if (owner?.role === 'pool') {
      signalGroup(owner, 'SIGKILL');
    }
  }

  /** Renamed first, so that an interrupted deletion is recognised and finished at the next start. */
  async remove(folder: string): Promise<void> {
    if (!this.exists(folder)) {
      return;
    }
    const doomed = join(this.#root, `${DELETED}${folder}`);
    await rename(this.path(folder), doomed);
    await rm(doomed, { recursive: true, force: true });
  }

  /**
   * Clears what an earlier life left: half-deleted folders, processes of its pool. A folder that was an instance's,
   * of which the database knows nothing, is left for a person to look at; only its process is ended, and not even
   * that while there are instances of which the folder is not known.
   */
  async sweep(known: ReadonlySet<string>, sparesInstances: boolean): Promise<void> {
    for (const name of await readdir(this.#root)) {
      if (known.has(name)) {
        continue;
      }
      if (name.startsWith(DELETED)) {
        await rm(join(this.#root, name), { recursive: true, force: true });
        continue;
      }
      const isInstance = readLockRole(this.path(name)) === 'bound';
      const owner = readLockOwner(this.path(name));
      if (owner && !(isInstance && sparesInstances)) {
        signalGroup(owner, 'SIGKILL');
      }
      if (isInstance) {
        this.#logger.warn({ folder: name }, 'a folder belongs to no instance; it is left as it is');
      } else {
        await this.remove(name);
      }
    }
  }
}
