import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type {
  FlowsStore,
  RuntimeBinding,
  RuntimeCommand,
  RuntimeHost,
  RuntimeMessage,
} from '@flowyard/protocol';
import { updateLockRole } from '../folder-lock.ts';
import { readProcessStart } from '../process-identity.ts';
import type { Blame } from './blame.ts';
import type { ChildConfiguration } from './configuration.ts';
import { FlowStates } from './flow-states.ts';
import { startHeartbeat, type Traffic } from './heartbeat.ts';
import { Link } from './link.ts';
import { writeLog } from './log.ts';
import { NodeCounter } from './node-counter.ts';
import { loadStack, type NodeRed } from './node-red.ts';
import { answerNpmVersionFromFile } from './npm-check.ts';
import { guardPages } from './page-guard.ts';
import { buildSettings, openFlowsStore, packageFileOf } from './settings.ts';
import { StateWatch } from './state.ts';
import { createStorageModule, HANDED_OVER, type StorageModule } from './storage.ts';

const RUNTIME_PROTOCOL = 1;
const KEEP_ALIVE_MS = 65_000;
/** The same as in protocol/src/identity.ts, which is not loaded here. */
const IDENTITY_HEADER = 'x-flowyard-identity';

/** One embedded Node-RED: its start, its link to what runs it, and what it is told over that link. */
export class EmbeddedRuntime {
  readonly #configuration: ChildConfiguration;
  readonly #blame: Blame;
  readonly #state: StateWatch;
  readonly #link: Link;
  readonly #store: FlowsStore;
  readonly #storage: StorageModule;
  readonly #host: RuntimeHost;
  readonly #flowStates = new FlowStates((flow) => this.#link.send({ type: 'flow-state', flow }));
  #binding: RuntimeBinding | null = null;
  #bind: (binding: RuntimeBinding) => void = () => {};
  #nodeRed: NodeRed | undefined;
  #counter: NodeCounter | undefined;
  #nodeRedVersion: string | null = null;
  #port: number | null = null;
  #reloading: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(configuration: ChildConfiguration, blame: Blame) {
    this.#configuration = configuration;
    this.#blame = blame;
    const bound = new Promise<RuntimeBinding>((resolve) => {
      this.#bind = resolve;
    });
    this.#host = this.#createHost(bound);
    this.#state = new StateWatch({
      initial: configuration.binding ? 'starting' : 'pooled',
      safeModeReason: configuration.safeMode,
      limpReason: () => this.#storage.leftOut()?.reason ?? null,
      revision: () => this.#store.revision(),
      changed: () => this.#sendState(),
    });
    if (configuration.binding) {
      this.#setBinding(configuration.binding);
    }
    this.#store = openFlowsStore(configuration, this.#host);
    this.#storage = createStorageModule(
      this.#store,
      configuration.folder,
      async () => {
        await bound;
        await this.#learnTypes();
      },
      configuration.leaveOut ?? null,
    );
    this.#link = new Link({
      configuration: configuration.link,
      token: () => this.#binding?.token ?? configuration.link.token,
      hello: () => this.#hello(),
      onCommand: (command) => this.#obey(command),
      // Nobody is there to see the count, and whoever comes next does not know of it.
      onLost: () => this.#counter?.stop(),
    });
  }

  async start(): Promise<void> {
    const traffic: Traffic = { messages: 0, requests: 0 };
    startHeartbeat((beat) => this.#link.send(beat), traffic);
    this.#preparePackageFile();
    answerNpmVersionFromFile();
    this.#flowStates.expose();
    const { nodeRed, createApp, version } = loadStack(this.#configuration.stackFolder);
    this.#nodeRed = nodeRed;
    this.#nodeRedVersion = version;
    const server = createServer();
    nodeRed.init(server, buildSettings(this.#configuration, this.#host, this.#storage.module));
    nodeRed.hooks.add('onSend.flowyard', (events: unknown[]) => {
      traffic.messages += events.length;
    });
    this.#counter = new NodeCounter(nodeRed, (counts) => this.#link.send(counts));
    const app = createApp();
    if (this.#configuration.editor) {
      app.use('/', (request, response, next) =>
        this.#isForEditor(request) ? nodeRed.httpAdmin(request, response, next) : next(),
      );
    }
    app.use('/', (request, _, next) => {
      traffic.requests += 1;
      hideFromFlows(request, next);
    });
    if (this.#configuration.guardsPages) {
      app.use(
        '/',
        guardPages(() => this.#binding?.settings, this.#configuration.link.token),
      );
    }
    app.use('/', nodeRed.httpNode);
    // Longer than proxies keep idle connections, so that none sends into one that is just being closed.
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.on('request', app);
    this.#state.listen(nodeRed.events);
    await nodeRed.start();
    this.#port = await listen(server, this.#configuration.port, this.#configuration.host ?? '127.0.0.1');
    this.#sendState();
  }

  /** Nodes are loaded by now, and flows are not started yet: what they break can be blamed on a type. */
  async #learnTypes(): Promise<void> {
    this.#blame.learn((await this.#nodeRed?.runtime.nodes.getNodeList({})) ?? []);
  }

  /** What runs this process is back and waits for it. */
  reconnect(): void {
    this.#link.redialNow();
  }

  /** Ends Node-RED and then the process. What does not end in time is ended by whoever asked. */
  async stop(): Promise<void> {
    if (this.#stopping) {
      return;
    }
    this.#stopping = true;
    this.#state.set({ state: 'stopping', reason: null, flowsRevision: null, step: null });
    try {
      await this.#nodeRed?.stop();
      await this.#store.close();
    } finally {
      await this.#link.close();
      process.exit(0);
    }
  }

  /**
   * The editor never asks beforehand whether it may (OPTIONS), while pages of other origins do before they call a flow:
   * the flows answer them.
   */
  #isForEditor(request: IncomingMessage): boolean {
    return this.#binding?.settings?.['editor.enabled'] !== false && request.method !== 'OPTIONS';
  }

  #createHost(bound: Promise<RuntimeBinding>): RuntimeHost {
    return {
      folder: this.#configuration.folder,
      bound,
      binding: () => this.#binding,
      controlUrl: () => this.#controlUrl(),
      log: writeLog,
      emit: (event, details) => this.#link.send({ type: 'event', event, details }),
      setStep: (step) => this.#state.set({ step }),
      flowsRevisionChanged: () => {
        if (this.#state.current.flowsRevision !== null) {
          this.#state.set({ flowsRevision: this.#store.revision() });
        }
      },
    };
  }

  #controlUrl(): string {
    const fallback = this.#configuration.link.url.replace(/^ws/, 'http').replace(/\/agent$/, '');
    return this.#link.controlUrl() ?? this.#binding?.environment.FLOWYARD_URL ?? fallback;
  }

  #setBinding(binding: RuntimeBinding): void {
    this.#binding = binding;
    Object.assign(process.env, binding.environment);
    this.#bind(binding);
  }

  #preparePackageFile(): void {
    const { path, content } = packageFileOf(this.#configuration.folder);
    if (!existsSync(path)) {
      writeFileSync(path, content);
    }
  }

  #obey(command: RuntimeCommand): void {
    switch (command.type) {
      case 'claim':
        this.#claim(command.binding);
        break;
      case 'reload':
        this.#reloading = this.#reloading.then(() => this.#reload(command.revision, command.flowsFolder));
        break;
      case 'count':
        this.#count(command.seconds);
        break;
      case 'stop':
        void this.stop();
        break;
    }
  }

  #count(seconds: number): void {
    if (seconds > 0) {
      this.#counter?.start(seconds);
    } else {
      this.#counter?.stop();
    }
  }

  #claim(binding: RuntimeBinding): void {
    if (this.#binding) {
      return;
    }
    updateLockRole(this.#configuration.dataFolder, 'bound');
    this.#state.set({ state: 'starting' });
    this.#setBinding(binding);
  }

  /** Runs flows that changed elsewhere. Where the change allows it, only the nodes that differ are started again. */
  async #reload(revision: number, flowsFolder: string | null): Promise<void> {
    try {
      const newer = await this.#store.readNewer(revision, flowsFolder);
      if (!newer || !this.#nodeRed) {
        return;
      }
      const { flows } = this.#nodeRed.runtime;
      const partial = this.#state.current.state === 'running' && !newer.credentialsChanged;
      await this.#storage.handOver(newer, () =>
        flows.setFlows({
          flows: { flows: newer.flows },
          deploymentType: partial ? 'nodes' : 'reload',
          user: HANDED_OVER,
        }),
      );
      this.#host.flowsRevisionChanged();
    } catch (error) {
      writeLog(
        'error',
        `The changed flows could not be applied: ${error instanceof Error ? error.message : error}`,
      );
      this.#host.emit('flows.reload-failed', { revision, message: String(error) });
    }
  }

  #reported(): Omit<Extract<RuntimeMessage, { type: 'state' }>, 'type'> {
    const current = this.#state.current;
    // Flows may run before the port is open; only both together are of use to anybody.
    const isOpen = this.#port !== null || current.state === 'stopping';
    const state = isOpen || current.state === 'pooled' ? current.state : 'starting';
    return { ...current, state, port: this.#port };
  }

  #sendState(): void {
    // What was said of flows before these must not be taken for what these say.
    this.#flowStates.flush();
    this.#link.send({ type: 'state', ...this.#reported() });
  }

  #hello(): RuntimeMessage {
    const flow = this.#flowStates.notable;
    return {
      type: 'hello',
      protocol: RUNTIME_PROTOCOL,
      pid: process.pid,
      processStart: readProcessStart(process.pid) ?? 'unknown',
      nodeRed: this.#nodeRedVersion,
      nodeJs: process.version,
      subjectId: this.#binding?.subjectId ?? null,
      generation: this.#binding?.generation ?? null,
      ...(flow !== null && { flow }),
      ...this.#reported(),
    };
  }
}

/** What is not the editor's goes on to flows, which must not learn how the person at the editor is known. */
function hideFromFlows(request: IncomingMessage, next: () => void): void {
  delete request.headers[IDENTITY_HEADER];
  next();
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
