import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type LaunchPlan,
  LinkHub,
  NodeRedSupervisor,
  type RuntimeMetrics,
  readLockOwner,
  readLog,
  type SupervisedStatus,
  watchLog,
} from '@flowyard/launcher';
import type { LogLine, ResolvedSettings } from '@flowyard/protocol';
import type { Launch } from './agent-journal.ts';
import type { RuntimeView } from './describe-current.ts';
import { WORKSPACE } from './developer/workspace.ts';
import type { DeviceIdentity } from './device-file.ts';
import type { NodeRedRunner } from './node-red-runner.ts';
import type { DevicePaths } from './paths.ts';
import { type Release, readRelease } from './release/release.ts';
import { nodePackage } from './release/stack.ts';
import { completeSettings, type Surroundings } from './surroundings.ts';

/** The same after each start of the agent, so that a process that goes on can be known again. */
export function linkTokenOf({ secret }: DeviceIdentity): string {
  return createHash('sha256').update(`node-red link ${secret}`).digest('hex');
}

export interface LaunchedNodeRedOptions {
  paths: DevicePaths;
  identity: DeviceIdentity;
  host: string;
  port: number;
  environment: (release: Release, surroundings: Surroundings) => Record<string, string>;
  /** The settings of the target as they are now, for what a running process need not know. */
  settings: () => Pick<ResolvedSettings, 'safety.healthInterval' | 'safety.crashes'>;
  /** Verifies who is at the editor (SPKI, PEM); null while nobody may be. */
  identityKey: () => string | null;
  /** For the header of the editor. */
  deviceName: () => string | null;
  onChange: () => void;
  onMetrics: (metrics: RuntimeMetrics) => void;
  /** What the plugins in Node-RED tell. */
  onEvent: (event: string, details: Record<string, unknown>) => void;
}

const ADOPT_MS = 12_000;
const LOOK_EVERY_MS = 50;
/** What a Unix socket's path may have at most is 104 to 108 bytes. */
const LONGEST_SOCKET_PATH = 100;

const STATES: Record<SupervisedStatus['state'], RuntimeView['state'] | null> = {
  starting: 'starting',
  running: 'running',
  safe: 'error',
  error: 'error',
  stopping: 'stopping',
  stopped: null,
  crashed: 'crashed',
};

/** A package of ours, when it came with the agent; a registry does not have to be asked for it. */
function ownPackage(name: '@flowyard/nodes' | '@flowyard/plugins'): string[] {
  try {
    const folder = path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    return existsSync(path.join(folder, 'dist')) ? [folder] : [];
  } catch {
    return [];
  }
}

/** A plugin that comes with us: `identity` lets only those people into the editor whom the control plane vouches for. */
function runtimePlugin(name: 'identity' | 'audit'): string | null {
  const [folder] = ownPackage('@flowyard/plugins');
  const plugin = folder === undefined ? null : path.join(folder, 'dist', 'runtime', `${name}.js`);
  return plugin !== null && existsSync(plugin) ? plugin : null;
}

function socketPath(folder: string): string {
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 24);
  if (process.platform === 'win32') {
    return `\\\\.\\pipe\\flowyard-${hash}`;
  }
  const beside = path.join(folder, 'agent.sock');
  return beside.length <= LONGEST_SOCKET_PATH ? beside : `/tmp/flowyard-${hash}.sock`;
}

function isAnyAddress(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '';
}

/** Runs Node-RED by the launcher: detached, so that it goes on when the agent is killed and is taken over again. */
export class LaunchedNodeRed implements NodeRedRunner {
  readonly #options: LaunchedNodeRedOptions;
  readonly #hub = new LinkHub();
  readonly #supervisor: NodeRedSupervisor;
  readonly #token: string;
  #linkUrl = '';
  #closeLink: () => Promise<void> = async () => {};
  #release: Release | null = null;
  #launch: Launch | null = null;
  #metrics: RuntimeMetrics | null = null;
  #reloadFailure: string | null = null;

  constructor(options: LaunchedNodeRedOptions) {
    this.#options = options;
    this.#token = linkTokenOf(options.identity);
    this.#supervisor = new NodeRedSupervisor({
      hub: this.#hub,
      token: this.#token,
      dataFolder: options.paths.data,
      logFile: options.paths.logFile,
      prepare: () => this.#plan(),
      watching: () => {
        const settings = options.settings();
        return {
          silentMs: settings['safety.healthInterval'] * 1000,
          crashesUntilSafeMode: settings['safety.crashes'],
        };
      },
      onStatus: () => options.onChange(),
      onMetrics: (metrics) => {
        this.#metrics = metrics;
        options.onMetrics(metrics);
      },
      onEvent: (event, details) => this.#onEvent(event, details),
    });
  }

  /** Memory and processor time as last told; null while nothing runs. */
  get metrics(): RuntimeMetrics | null {
    return this.#supervisor.status.pid === null ? null : this.#metrics;
  }

  /** Where the Node-RED that people edit answers; null while it does not, and in fleet mode. */
  editorAddress(): { host: string; port: number } | null {
    const { port } = this.#supervisor.status;
    const { host } = this.#options;
    if (this.#release?.id !== WORKSPACE || port === null) {
      return null;
    }
    return { host: isAnyAddress(host) ? '127.0.0.1' : host, port };
  }

  get launch(): Launch | null {
    return this.#launch;
  }

  async listen(): Promise<void> {
    const { url, close } = await this.#hub.listen(socketPath(this.#options.paths.folder));
    this.#linkUrl = url;
    this.#closeLink = close;
  }

  view(): RuntimeView | null {
    const { status } = this.#supervisor;
    const state = STATES[status.state];
    if (state === null) {
      return null;
    }
    const { reason, step, nodeRed, flow } = status;
    const isBroken = status.state === 'safe';
    if (this.#reloadFailure !== null) {
      return { state: 'error', reason: this.#reloadFailure, step, nodeRed, isBroken, flow };
    }
    const runsOldFlows = state === 'running' && status.flowsRevision !== (this.#launch?.revision ?? null);
    return { state: runsOldFlows ? 'starting' : state, reason, step, nodeRed, isBroken, flow };
  }

  async adopt(launch: Launch | null, release: Release | null): Promise<boolean> {
    if (readLockOwner(this.#options.paths.data) === null) {
      return false;
    }
    if (launch === null || release === null) {
      await this.#supervisor.stop();
      return false;
    }
    this.#release = release;
    this.#launch = launch;
    this.#supervisor.start();
    const isOurs = await this.#isHeard(launch);
    if (isOurs) {
      // It may have crashed and been started again since flows were last loaded into it.
      this.#launch = { ...launch, revision: this.#supervisor.status.flowsRevision };
    } else {
      await this.stop();
    }
    return isOurs;
  }

  async start(release: Release, launch: Launch): Promise<void> {
    this.#release = release;
    this.#launch = launch;
    this.#reloadFailure = null;
    this.#supervisor.restart();
  }

  async reload(release: Release, launch: Launch): Promise<void> {
    this.#reloadFailure = null;
    this.#release = release;
    this.#launch = launch;
    if (!this.#supervisor.reload(launch.revision ?? 0, this.#folder(release))) {
      this.#reloadFailure = 'Node-RED could not be told to load the new flows.';
    }
  }

  async stop(): Promise<void> {
    await this.#supervisor.stop();
    this.#reloadFailure = null;
    this.#launch = null;
    this.#release = null;
  }

  /** Lets go of what runs, and of the socket. */
  async dispose(): Promise<void> {
    this.#supervisor.dispose();
    this.#hub.close();
    await this.#closeLink();
  }

  lastLines(count: number): Promise<LogLine[]> {
    return readLog(this.#options.paths.logFile, count);
  }

  watchLines(onLines: (lines: LogLine[]) => void): () => void {
    return watchLog(this.#options.paths.logFile, onLines);
  }

  #folder(release: Release): string {
    const { paths } = this.#options;
    return release.id === WORKSPACE ? paths.developer : path.join(paths.releases, release.id);
  }

  /** Whether the process on the folder says in time that it was started for this, and runs its flows. */
  async #isHeard(launch: Launch): Promise<boolean> {
    const end = performance.now() + ADOPT_MS;
    while (performance.now() < end) {
      const { generation, flowsRevision } = this.#supervisor.status;
      if (generation !== null) {
        const isEdited = launch.releaseId === WORKSPACE;
        const runsItsFlows = isEdited || [null, launch.revision].includes(flowsRevision);
        return generation === launch.generation && runsItsFlows;
      }
      await delay(LOOK_EVERY_MS);
    }
    return false;
  }

  /** The editor is never started without what finds out who is at it. */
  #editor(): { identityKey: string; plugins: { identity: string; audit?: string } } {
    const identityKey = this.#options.identityKey();
    const identity = runtimePlugin('identity');
    const audit = runtimePlugin('audit');
    if (identityKey === null || identity === null) {
      throw new Error('what finds out who is at the editor is missing');
    }
    return { identityKey, plugins: { identity, ...(audit !== null && { audit }) } };
  }

  #onEvent(event: string, details: Record<string, unknown>): void {
    this.#options.onEvent(event, details);
    if (event === 'flows.reload-failed' && details.revision === this.#launch?.revision) {
      this.#reloadFailure = `The new flows could not be loaded: ${details.message}`;
      this.#options.onChange();
    }
  }

  async #plan(): Promise<LaunchPlan> {
    const { paths, identity, host, port, environment } = this.#options;
    const release = this.#release;
    if (release === null || this.#launch === null) {
      throw new Error('There is no release to start.');
    }
    const editor = release.id === WORKSPACE ? this.#editor() : null;
    if (editor === null && (await readRelease(this.#folder(release))) === null) {
      // Without this it would come up with no flows at all.
      throw new Error('its release is damaged on disk');
    }
    // A process that starts reads the flows of this release, whatever was loaded into the one before it.
    this.#launch = { ...this.#launch, revision: null };
    const nodeFolder =
      release.nodeJs === null ? null : path.join(paths.store, release.nodeJs, 'node_modules');
    const folder = this.#folder(release);
    const { surroundings } = this.#launch;
    const settings = completeSettings(surroundings);
    return {
      nodePath:
        nodeFolder === null ? process.execPath : path.join(nodeFolder, nodePackage(process), 'bin', 'node'),
      memoryMb: null,
      configuration: {
        folder,
        dataFolder: paths.data,
        flowsFolder: folder,
        stackFolder: path.join(paths.store, release.nodeRed),
        compileCacheFolder: path.join(paths.store, 'compile-cache'),
        link: { url: this.#linkUrl, token: this.#token, addressFile: null },
        host,
        port,
        editor: editor !== null,
        guardsPages: true,
        plugins: editor?.plugins ?? {},
        // Where nobody edits there is no sidebar either.
        nodesFolders: [
          ...ownPackage('@flowyard/nodes'),
          ...(editor === null ? [] : ownPackage('@flowyard/plugins')),
        ],
        binding: {
          subjectId: identity.id,
          title: settings['editor.title'] ?? this.#options.deviceName(),
          environment: environment(release, surroundings),
          credentialSecret: identity.secret,
          identityKey: editor?.identityKey ?? null,
          token: this.#token,
          generation: this.#launch.generation,
          settings,
        },
      },
    };
  }
}
