import { join } from 'node:path';
import { appendToLog } from '@flowyard/launcher';
import type { InstanceTarget } from '../driver.ts';
import type { HostedInstanceContext } from './instance-context.ts';
import { fitLock, hasOtherModules, holdsTree, installTree, type LockedTree } from './locked-modules.ts';
import {
  discardModules,
  finishSwap,
  makeModules,
  modulesInUse,
  noteModulesInUse,
  readyModules,
  swapModules,
} from './module-swap.ts';
import type { OnLookUp } from './npm.ts';
import { installModules, missingModules } from './palette.ts';

/** npm counts faster than anybody reads. */
const SAY_EVERY_MS = 1000;
const LOST_LOCK = 'It is missing from the database, or damaged there.';

/** How the modules of a target are to be installed. */
interface Way {
  key: string;
  /** Null when npm chooses what they need. */
  tree: LockedTree | null;
  /** Why not by the lock file, though there is one. */
  problem: string | null;
}

/**
 * Installs the modules of an instance. By a lock file, a whole tree is made beside the one in use, which it replaces
 * at the next start; without one, what is missing comes into that in use.
 */
export class ModuleInstaller {
  readonly #context: HostedInstanceContext;
  readonly #onStep: () => void;
  #way: Way | null = null;
  #step: string | null = null;
  /** What could not be installed, and why. */
  #failure: { key: string; problem: string } | null = null;
  #installing: { key: string | undefined; abort: AbortController; done: Promise<void> } | null = null;
  #changed = false;

  constructor(context: HostedInstanceContext, onStep: () => void) {
    this.#context = context;
    this.#onStep = onStep;
  }

  /** What is done now, for people. */
  get step(): string | null {
    return this.#step;
  }

  /** Why the modules are not those of the target although they were to be installed. */
  get problem(): string | null {
    return this.#failure?.problem ?? null;
  }

  /** What people should know of modules that are installed. */
  get notice(): string | null {
    const problem = this.#way?.problem ?? null;
    return problem === null ? null : noticeOf(problem);
  }

  /** Modules were installed since the process started; it does not know them. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Finds out how the modules of a target are to be installed. To be called before anything is asked about it. */
  async learn({ folder, modules, lock }: InstanceTarget): Promise<void> {
    const key = JSON.stringify([Object.entries(modules).sort(), lock]);
    if (this.#way?.key === key) {
      return;
    }
    const text = lock === null ? null : await this.#context.host.readLock(lock);
    const fit = text === null ? null : fitLock(text, modules);
    this.#way = {
      key,
      tree: fit !== null && 'tree' in fit ? fit.tree : null,
      problem: lock === null ? null : fit === null ? LOST_LOCK : 'problem' in fit ? fit.problem : null,
    };
    const path = folder === null ? null : this.#context.folders.path(folder);
    const { tree } = this.#way;
    if (path !== null && tree !== null && holdsTree(path, tree) && !hasOtherModules(path, tree)) {
      noteModulesInUse(path, key);
    }
  }

  /** Whether a start would install something. What could not be installed is not tried again without being asked. */
  lacks(folder: string | null, target: InstanceTarget): boolean {
    const key = this.#way?.key;
    if (folder === null) {
      return Object.keys(target.modules).length > 0;
    }
    return (
      this.#failure?.key !== key &&
      this.#needs(folder, target) &&
      readyModules(this.#context.folders.path(folder)) !== key
    );
  }

  #needs(folder: string, { modules }: InstanceTarget): boolean {
    const path = this.#context.folders.path(folder);
    const tree = this.#way?.tree ?? null;
    if (tree === null) {
      return missingModules(path, modules).length > 0;
    }
    // What a person installed in the editor since stays, also while nobody has told us of it yet.
    const isOther = modulesInUse(path) !== this.#way?.key;
    return !holdsTree(path, tree) || (isOther && hasOtherModules(path, tree));
  }

  /** Installs while the process goes on; `onDone` when that is over, however it ended. */
  installAhead(folder: string, target: InstanceTarget, onDone: () => void): void {
    if (this.#installing) {
      return;
    }
    const abort = new AbortController();
    const done = this.#install(folder, target, abort.signal)
      .then((installed) => {
        this.#changed ||= installed;
      })
      .catch(() => {
        // Given up, because it is not wanted any more.
      })
      .finally(() => {
        this.#installing = null;
        onDone();
      });
    this.#installing = { key: this.#way?.key, abort, done };
  }

  /** Gives up an installation that the target does not want any more. */
  giveUpUnwanted(target: InstanceTarget | null): void {
    const isWanted = target?.desired === 'running' && this.#installing?.key === this.#way?.key;
    if (!isWanted) {
      this.#installing?.abort.abort();
    }
  }

  /** Sees to it that the modules are there for a process that is started now. */
  async prepare(folder: string, target: InstanceTarget, signal: AbortSignal): Promise<void> {
    const path = this.#context.folders.path(folder);
    await this.#installing?.done;
    this.#failure = null;
    await finishSwap(path);
    await this.learn(target);
    if (this.#needs(folder, target) && readyModules(path) !== this.#way?.key) {
      await this.#install(folder, target, signal);
    }
    const isReady = readyModules(path) === this.#way?.key;
    await (isReady ? swapModules(path) : discardModules(path));
    this.#changed = false;
  }

  /** When that fails Node-RED is started all the same: its editor is where a person can put it right. */
  async #install(folder: string, target: InstanceTarget, signal: AbortSignal): Promise<boolean> {
    const way = this.#requireWay();
    const what = this.#describe(folder, target);
    this.#say(`installing ${what}`);
    try {
      await this.#fetch(folder, target, way, { signal, onLookUp: this.#counter(what) });
      this.#failure = null;
      this.#log(folder, 'info', `Installed ${what}${way.tree === null ? '' : ' by the lock file'}.`);
      if (way.problem !== null) {
        this.#log(folder, 'warn', noticeOf(way.problem));
      }
      return true;
    } catch (error) {
      signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      const problem = `Modules could not be installed: ${what}. ${message}`;
      this.#failure = { key: way.key, problem };
      this.#log(folder, 'error', problem);
      this.#context.logger.warn({ instanceId: target.instanceId, what, err: error }, 'modules not installed');
      return false;
    } finally {
      this.#step = null;
    }
  }

  async #fetch(
    folder: string,
    { modules, lock }: InstanceTarget,
    { key, tree }: Way,
    npm: { signal: AbortSignal; onLookUp: OnLookUp },
  ): Promise<void> {
    const path = this.#context.folders.path(folder);
    if (tree === null || lock === null) {
      return installModules(path, modules, npm.signal, npm.onLookUp);
    }
    const text = await this.#context.host.readLock(lock);
    if (text === null) {
      throw new Error(`The lock file cannot be read. ${LOST_LOCK}`);
    }
    await makeModules(path, key, (making) =>
      installTree(making, text, tree, { npmrc: join(path, '.npmrc'), ...npm }),
    );
  }

  #requireWay(): Way {
    if (this.#way === null) {
      throw new Error('It is not known yet how the modules are to be installed.');
    }
    return this.#way;
  }

  #describe(folder: string, { modules }: InstanceTarget): string {
    const missing = missingModules(this.#context.folders.path(folder), modules);
    const all = Object.keys(modules);
    return missing.length > 0
      ? missing.join(', ')
      : `what ${all.join(', ')} ${all.length === 1 ? 'needs' : 'need'}`;
  }

  #counter(what: string): OnLookUp {
    let saidAt = performance.now();
    return (packages) => {
      if (performance.now() - saidAt >= SAY_EVERY_MS) {
        saidAt = performance.now();
        this.#say(`installing ${what} (${packages} packages)`);
      }
    };
  }

  #say(step: string): void {
    this.#step = step;
    this.#onStep();
  }

  #log(folder: string, level: 'info' | 'warn' | 'error', text: string): void {
    try {
      appendToLog(this.#context.folders.logFile(folder), level, text);
    } catch {
      // A full disk must not keep it from starting.
    }
  }
}

function noticeOf(problem: string): string {
  return `The modules were installed by their versions, without their lock file: what they need in turn may be newer. ${problem} Take a new snapshot to have a lock file that fits.`;
}
