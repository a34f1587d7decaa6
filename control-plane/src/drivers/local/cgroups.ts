import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Logger } from 'pino';

/** What the operating system is to hold a process to. */
export interface ProcessLimits {
  /** Of JavaScript's heap. */
  memoryMb: number;
  /** In cores; null is no limit. */
  cpuLimit: number | null;
}

/** Holds the processes of instances to their limits, each in a group of its own. */
export interface LimitGroups {
  /** Why the limits are not applied; null when they are. */
  readonly problem: string | null;
  /** Puts a process, and what it starts from now on, under its limits; also again. */
  place(name: string, pid: number, limits: ProcessLimits): Promise<void>;
  /** Removes the group of a process that has ended. */
  remove(name: string): Promise<void>;
  /** Removes the groups in which nothing runs any more. */
  sweep(): Promise<void>;
}

/** What was found out about the machine, for the decision. */
export interface CgroupFacts {
  /** What /proc/self/cgroup says; null where there is no such file. */
  ownCgroup: string | null;
  /** Reads a file below the root of the cgroup file system; null when it is not there. */
  read: (path: string) => string | null;
  isWritable: (path: string) => boolean;
}

const PREFIX = 'flowyard-';
/** What systemd is told to call the control plane's own group: DelegateSubgroup=control-plane. */
const OWN_GROUP = 'control-plane';
const NEEDED = ['memory', 'cpu'];
const CPU_PERIOD_US = 100_000;
/** What Node-RED takes besides the heap: code, buffers, stacks. */
const BESIDES_HEAP_MB = 128;
const GONE_AFTER_TRIES = 10;
const TRY_AGAIN_MS = 200;
const MIB = 1024 * 1024;
export const CGROUP_ROOT = '/sys/fs/cgroup';

/** The parent in which groups can be made, relative to the root, or why there is none. */
export function chooseParent(
  { ownCgroup, read, isWritable }: CgroupFacts,
  configured: string | null,
): { parent: string } | { problem: string } {
  if (read('cgroup.controllers') === null) {
    return { problem: 'it has no cgroup v2 at /sys/fs/cgroup' };
  }
  const parent = configured ?? delegatedAround(ownCgroup);
  if (parent === null) {
    return { problem: 'no cgroup was delegated to the control plane, see FLOWYARD_CGROUP' };
  }
  const enabled = read(join(parent, 'cgroup.subtree_control'))?.trim().split(/\s+/);
  if (enabled === undefined) {
    return { problem: `there is no cgroup ${parent}` };
  }
  const missing = NEEDED.filter((controller) => !enabled.includes(controller));
  if (missing.length > 0) {
    return { problem: `the cgroup ${parent} does not hand on ${missing.join(' and ')} to groups below it` };
  }
  return isWritable(join(parent, 'cgroup.procs')) && isWritable(parent)
    ? { parent }
    : { problem: `the control plane may not make groups in the cgroup ${parent}` };
}

/**
 * The group around the control plane's own, when its name says that it was delegated. A group that holds processes
 * cannot have limited groups below it, and one that was not delegated belongs to the system.
 */
function delegatedAround(ownCgroup: string | null): string | null {
  const own = /^0::\/(.*)$/m.exec(ownCgroup ?? '')?.[1];
  return own !== undefined && basename(own) === OWN_GROUP ? dirname(own) : null;
}

/** What is written into the files of a group. */
export function limitFiles({ memoryMb, cpuLimit }: ProcessLimits): Record<string, string> {
  const memory = Math.round(memoryMb * 1.25 + BESIDES_HEAP_MB) * MIB;
  const quota = cpuLimit === null ? 'max' : String(Math.round(cpuLimit * CPU_PERIOD_US));
  return { 'memory.max': String(memory), 'cpu.max': `${quota} ${CPU_PERIOD_US}` };
}

/** Looks at the machine once. Without usable cgroups nothing is limited, and `problem` says why. */
export function createLimitGroups(options: {
  /** A delegated cgroup, as a path below `/sys/fs/cgroup`; null takes the one around the control plane's own. */
  parent: string | null;
  logger: Logger;
  root?: string;
}): LimitGroups {
  const { logger, root = CGROUP_ROOT } = options;
  const facts = factsBelow(root);
  const configured = relativePath(options.parent, root);
  handOnControllers(join(root, configured ?? delegatedAround(facts.ownCgroup) ?? ''), root);
  const choice = chooseParent(facts, configured);
  if ('problem' in choice) {
    logger.info({ reason: choice.problem }, 'limits of instance types are not applied by the system');
    return new NoGroups(choice.problem);
  }
  return new CgroupGroups(join(root, choice.parent), NEEDED, logger);
}

/** In a group that was delegated this is ours to do; where it was done or cannot be, nothing happens. */
function handOnControllers(parent: string, root: string): void {
  const file = join(parent, 'cgroup.subtree_control');
  if (parent === root || !existsSync(file)) {
    return;
  }
  try {
    writeFileSync(file, NEEDED.map((controller) => `+${controller}`).join(' '));
  } catch {
    // The decision says what is missing.
  }
}

/** People write the path as they see it: below the root, or as a whole. */
function relativePath(path: string | null, root: string): string | null {
  return path === null ? null : path.replace(new RegExp(`^${root}`), '').replace(/^\/+|\/+$/g, '');
}

function factsBelow(root: string): CgroupFacts {
  const readFile = (path: string): string | null => (existsSync(path) ? readFileSync(path, 'utf8') : null);
  return {
    ownCgroup: readFile('/proc/self/cgroup'),
    read: (path) => readFile(resolve(root, path)),
    isWritable: (path) => {
      try {
        accessSync(resolve(root, path), constants.W_OK);
        return true;
      } catch {
        return false;
      }
    },
  };
}

class NoGroups implements LimitGroups {
  readonly problem: string;

  constructor(reason: string) {
    this.problem = `CPU limits are not applied on this machine, and memory is limited by the heap of Node.js alone: ${reason}.`;
  }

  async place(): Promise<void> {}
  async remove(): Promise<void> {}
  async sweep(): Promise<void> {}
}

/** The file operations, in a folder of the cgroup file system that is ours. */
export class CgroupGroups implements LimitGroups {
  readonly #parent: string;
  readonly #controllers: readonly string[];
  readonly #logger: Logger;
  readonly #inUse = new Set<string>();
  #problem: string | null = null;

  constructor(parent: string, controllers: readonly string[], logger: Logger) {
    this.#parent = parent;
    this.#controllers = controllers;
    this.#logger = logger;
  }

  get problem(): string | null {
    return this.#problem;
  }

  async place(name: string, pid: number, limits: ProcessLimits): Promise<void> {
    this.#inUse.add(name);
    try {
      // Once more when an earlier removal took the group away in between.
      await this.#fill(name, pid, limits).catch((error) =>
        codeOf(error) === 'ENOENT' ? this.#fill(name, pid, limits) : Promise.reject(error),
      );
      this.#problem = null;
    } catch (error) {
      if (codeOf(error) === 'ESRCH') {
        // The process ended before it could be placed.
        return;
      }
      const reason = error instanceof Error ? error.message : String(error);
      this.#problem = `Limits could not be applied when an instance was started last: ${reason}`;
      this.#logger.warn({ err: error, pid }, 'a process could not be put under its limits');
    }
  }

  async #fill(name: string, pid: number, limits: ProcessLimits): Promise<void> {
    const group = this.#path(name);
    await mkdir(group, { recursive: true });
    for (const [file, content] of Object.entries(limitFiles(limits))) {
      if (this.#controllers.includes(file.replace('.max', ''))) {
        await writeFile(join(group, file), content);
      }
    }
    await writeFile(join(group, 'cgroup.procs'), String(pid));
  }

  async remove(name: string): Promise<void> {
    this.#inUse.delete(name);
    // What a process started itself may take a moment longer to go.
    for (let tries = 0; tries < GONE_AFTER_TRIES && !this.#inUse.has(name); tries++) {
      if (await removed(this.#path(name))) {
        return;
      }
      await new Promise((done) => setTimeout(done, TRY_AGAIN_MS).unref());
    }
  }

  async sweep(): Promise<void> {
    const names = await readdir(this.#parent).catch(() => []);
    await Promise.all(
      names.filter((name) => name.startsWith(PREFIX)).map((name) => removed(join(this.#parent, name))),
    );
  }

  #path(name: string): string {
    return join(this.#parent, PREFIX + name);
  }
}

/** A group in which something runs cannot be removed. */
async function removed(group: string): Promise<boolean> {
  try {
    await rmdir(group);
    return true;
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
