import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { type LinkHub, NodeRedSupervisor } from '@flowyard/launcher';
import type { Logger } from 'pino';
import type { WarmStack } from '../driver.ts';
import type { InstanceFolders } from './instance-folders.ts';
import { type LaunchSurroundings, planLaunch } from './launch.ts';

/** A Node-RED that is started and waits for somebody. */
export interface WarmProcess {
  supervisor: NodeRedSupervisor;
  folder: string;
}

interface PoolEntry extends WarmProcess {
  stackId: string;
  memoryMb: number;
  ready: boolean;
}

interface WarmPoolOptions {
  size: number;
  hub: LinkHub;
  folders: InstanceFolders;
  surroundings: LaunchSurroundings;
  listStacks: () => Promise<WarmStack[]>;
  /** While instances start, they have the machine for themselves. */
  isBusy: () => boolean;
  logger: Logger;
}

const REFILL_DELAY_MS = 250;
const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 300_000;
/** A warm process takes about 80 MB; below this the machine has better uses for it. */
const MIN_FREE_BYTES = 512 * 1024 * 1024;

/**
 * Keeps processes warm for each stack in use. The heap limit of a process cannot change later, so they are started
 * with the limit that was last asked for with their stack, at first that of the default instance type.
 */
export class WarmPool {
  readonly #options: WarmPoolOptions;
  readonly #entries = new Set<PoolEntry>();
  readonly #memoryByStack = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #stopped = false;

  constructor(options: WarmPoolOptions) {
    this.#options = options;
  }

  /** A process that is ready for an instance with that stack and memory; null when none is. The pool refills itself. */
  take(stackId: string, memoryMb: number): WarmProcess | null {
    this.#memoryByStack.set(stackId, memoryMb);
    for (const entry of this.#entries) {
      if (entry.ready && entry.stackId === stackId && entry.memoryMb === memoryMb) {
        this.#entries.delete(entry);
        this.refill();
        return entry;
      }
    }
    this.refill();
    return null;
  }

  /** Brings the pool to its size, a little later and in the background. */
  refill(delayMs: number = REFILL_DELAY_MS): void {
    if (this.#stopped || this.#options.size === 0 || this.#timer) {
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#fill();
    }, delayMs);
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.all([...this.#entries].map((entry) => this.#discard(entry)));
  }

  async #fill(): Promise<void> {
    try {
      if (this.#options.isBusy() || availableMemory() < MIN_FREE_BYTES) {
        this.refill(1000);
        return;
      }
      const stacks = await this.#options.listStacks();
      await this.#dropUnused(stacks);
      const lacking = stacks.find((stack) => this.#count(stack) < this.#options.size);
      if (lacking && !this.#stopped) {
        this.#add(lacking);
        // One after the other: starting Node-RED keeps a core busy.
        this.refill(1000);
      }
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the warm pool could not be refilled');
      this.refill(this.#retryMs);
    }
  }

  #memoryFor(stack: WarmStack): number {
    return this.#memoryByStack.get(stack.id) ?? stack.memoryMb;
  }

  #count(stack: WarmStack): number {
    const memoryMb = this.#memoryFor(stack);
    return [...this.#entries].filter((entry) => entry.stackId === stack.id && entry.memoryMb === memoryMb)
      .length;
  }

  async #dropUnused(stacks: WarmStack[]): Promise<void> {
    const wanted = new Map(stacks.map((stack) => [stack.id, this.#memoryFor(stack)]));
    const unused = [...this.#entries].filter((entry) => wanted.get(entry.stackId) !== entry.memoryMb);
    await Promise.all(unused.map((entry) => this.#discard(entry)));
  }

  #add(stack: WarmStack): void {
    const { folders, hub, surroundings } = this.#options;
    const folder = folders.make();
    const token = randomBytes(32).toString('base64url');
    const memoryMb = this.#memoryFor(stack);
    const launch = { folder: folders.path(folder), stack, memoryMb, token, binding: null };
    const supervisor = new NodeRedSupervisor({
      hub,
      token,
      dataFolder: folders.path(folder),
      logFile: folders.logFile(folder),
      prepare: async () => planLaunch(launch, surroundings),
      onStatus: (status) => {
        if (status.pooled && !entry.ready) {
          this.#options.logger.debug({ stack: stack.id, pid: status.pid }, 'a warm process is ready');
        }
        entry.ready = status.pooled;
        if (status.pooled) {
          this.#retryMs = FIRST_RETRY_MS;
        } else if (status.state === 'crashed') {
          this.#options.logger.warn({ stack: stack.id, reason: status.reason }, 'a warm process ended');
          void this.#replace(entry);
        }
      },
    });
    const entry: PoolEntry = { supervisor, folder, stackId: stack.id, memoryMb, ready: false };
    this.#entries.add(entry);
    supervisor.start();
  }

  async #replace(entry: PoolEntry): Promise<void> {
    if (!this.#entries.has(entry)) {
      return;
    }
    await this.#discard(entry);
    this.refill(this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  async #discard(entry: PoolEntry): Promise<void> {
    this.#entries.delete(entry);
    await entry.supervisor.stop();
    entry.supervisor.dispose();
    await this.#options.folders.remove(entry.folder);
  }
}

/** What could be used without swapping; on Linux that is more than what is free. */
function availableMemory(): number {
  try {
    const match = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'));
    return match ? Number(match[1]) * 1024 : freemem();
  } catch {
    return freemem();
  }
}
