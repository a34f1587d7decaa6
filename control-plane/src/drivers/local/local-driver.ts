import { renameSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { exportLog, LinkHub, type LogFilter, readLog, searchLog, watchLog } from '@flowyard/launcher';
import type { LogLine } from '@flowyard/protocol';
import type { Logger } from 'pino';
import type { Driver, DriverHost, LocalFlows } from '../driver.ts';
import { createLimitGroups, type LimitGroups } from './cgroups.ts';
import { HostedInstance } from './hosted-instance.ts';
import type { HostedInstanceContext } from './instance-context.ts';
import { InstanceFolders } from './instance-folders.ts';
import type { LaunchSurroundings } from './launch.ts';
import { readLocalCopy } from './local-copy.ts';
import { OpenHost } from './open-host.ts';
import { installedModules, readLockFile } from './palette.ts';
import { StartGate } from './start-gate.ts';
import { WarmPool } from './warm-pool.ts';

export interface LocalDriverOptions {
  dataDir: string;
  /** Where processes on this machine reach the control plane; a function where the port is known late. */
  controlUrl: string | (() => string);
  /** The folder of @flowyard/plugins. */
  pluginsDir: string;
  /** The folder of @flowyard/nodes; null leaves its nodes out. */
  nodesDir: string | null;
  /** Warm processes for each stack in use; 0 keeps none. */
  poolSize: number;
  /** A cgroup v2 that was delegated for the instances; null looks for one. */
  cgroup: string | null;
  logger: Logger;
}

const WATCH_RETRY_MS = 500;

/** Runs hosted instances as child processes on this machine. They outlive the control plane and are taken over again. */
export function createLocalDriver(options: LocalDriverOptions, host: DriverHost): Driver {
  return new LocalDriver(options, host);
}

class LocalDriver implements Driver {
  readonly #host: OpenHost;
  readonly #hub = new LinkHub();
  readonly #instances = new Map<string, HostedInstance>();
  readonly #context: HostedInstanceContext;
  readonly #folders: InstanceFolders;
  readonly #pool: WarmPool;
  readonly #limits: LimitGroups;
  readonly #surroundings: LaunchSurroundings;
  readonly #logger: Logger;
  #stopping = false;
  #problem: string | null = 'The hosted instances are being taken over';

  constructor(options: LocalDriverOptions, host: DriverHost) {
    const { controlUrl, logger } = options;
    this.#host = new OpenHost(host);
    this.#logger = logger;
    this.#folders = new InstanceFolders(options.dataDir, logger);
    this.#surroundings = {
      dataDir: options.dataDir,
      pluginsDir: options.pluginsDir,
      nodesDir: options.nodesDir,
      controlUrl: typeof controlUrl === 'function' ? controlUrl : () => controlUrl,
      addressFile: join(options.dataDir, 'control-plane.json'),
    };
    this.#pool = new WarmPool({
      size: options.poolSize,
      hub: this.#hub,
      folders: this.#folders,
      surroundings: this.#surroundings,
      listStacks: () => this.#host.listWarmStacks(),
      isBusy: () => [...this.#instances.values()].some((instance) => instance.isStarting),
      logger,
    });
    this.#limits = createLimitGroups({ parent: options.cgroup, logger });
    this.#context = {
      host: this.#host,
      hub: this.#hub,
      folders: this.#folders,
      pool: this.#pool,
      gate: new StartGate(),
      limits: this.#limits,
      surroundings: this.#surroundings,
      logger,
      onRemoved: (instanceId) => this.#instances.delete(instanceId),
    };
  }

  async start(): Promise<void> {
    this.#writeAddress();
    const ids = await this.#host.listInstanceIds();
    await Promise.all(ids.map((id) => this.#instance(id).reconcile()));
    const folders = [...this.#instances.values()].map((instance) => instance.folder);
    const known = new Set(folders.filter((folder) => folder !== null));
    const someUnknown = [...this.#instances.values()].some((instance) => !instance.isKnown);
    await this.#folders.sweep(known, someUnknown);
    await this.#limits.sweep();
    this.#problem = null;
    this.#pool.refill();
  }

  reconcile(instanceId: string): void {
    if (this.#stopping) {
      return;
    }
    void this.#instance(instanceId).reconcile();
    this.#pool.refill();
  }

  address(instanceId: string): { host: string; port: number } | null {
    return this.#instances.get(instanceId)?.address() ?? null;
  }

  acceptRuntime(token: string, request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#hub.accept(token, request, socket, head);
  }

  countNodes(instanceId: string, seconds: number): boolean {
    return this.#instances.get(instanceId)?.countNodes(seconds) ?? false;
  }

  readModules(instanceId: string): Record<string, string> {
    const folder = this.#instances.get(instanceId)?.folder ?? null;
    return folder === null ? {} : installedModules(this.#folders.path(folder));
  }

  async readFlows(instanceId: string): Promise<LocalFlows | null> {
    const folder = this.#instances.get(instanceId)?.folder ?? null;
    return folder === null ? null : readLocalCopy(this.#folders.path(folder));
  }

  readLockFile(instanceId: string): string | null {
    const folder = this.#instances.get(instanceId)?.folder ?? null;
    return folder === null ? null : readLockFile(this.#folders.path(folder));
  }

  async readLog(instanceId: string, lines: number, filter: LogFilter = {}): Promise<LogLine[]> {
    const path = this.#logFile(instanceId);
    if (path === null) {
      return [];
    }
    const isFiltered = filter.level !== undefined || (filter.search ?? '') !== '';
    return isFiltered ? searchLog(path, lines, filter) : readLog(path, lines);
  }

  async *exportLog(instanceId: string): AsyncGenerator<string> {
    const path = this.#logFile(instanceId);
    if (path !== null) {
      yield* exportLog(path);
    }
  }

  watchLog(instanceId: string, onLines: (lines: LogLine[]) => void): () => void {
    let stop: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    const begin = () => {
      const path = this.#logFile(instanceId);
      if (path === null) {
        // It gets its folder with its first start.
        timer = setTimeout(begin, WATCH_RETRY_MS).unref();
      } else {
        stop = watchLog(path, onLines);
      }
    };
    begin();
    return () => {
      clearTimeout(timer);
      stop?.();
    };
  }

  limitsProblem(): string | null {
    return this.#limits.problem;
  }

  problem(): string | null {
    return this.#problem;
  }

  async stop({ stopInstances }: { stopInstances: boolean }): Promise<void> {
    this.#stopping = true;
    this.#problem = 'The control plane is stopping';
    const instances = [...this.#instances.values()];
    if (!stopInstances) {
      for (const instance of instances) {
        instance.release();
      }
    }
    await Promise.all([
      this.#pool.stop(),
      ...(stopInstances ? instances.map((instance) => instance.stop()) : []),
    ]);
    await this.#host.close();
    this.#hub.close();
  }

  #instance(id: string): HostedInstance {
    let instance = this.#instances.get(id);
    if (!instance) {
      instance = new HostedInstance(id, this.#context);
      this.#instances.set(id, instance);
    }
    return instance;
  }

  #logFile(instanceId: string): string | null {
    const folder = this.#instances.get(instanceId)?.folder ?? null;
    return folder === null ? null : this.#folders.logFile(folder);
  }

  /** Running processes look here when their control plane is gone: it may be back at another port. */
  #writeAddress(): void {
    const { addressFile } = this.#surroundings;
    writeFileSync(`${addressFile}.tmp`, JSON.stringify({ controlUrl: this.#surroundings.controlUrl() }));
    renameSync(`${addressFile}.tmp`, addressFile);
    this.#logger.debug({ addressFile }, 'told running processes where the control plane is');
  }
}
