import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bearerOf } from '@flowyard/launcher';
import { DEFAULT_SETTINGS, type EditorIdentity, IDENTITY_HEADER, type Role } from '@flowyard/protocol';
import pino from 'pino';
import type {
  Driver,
  DriverHost,
  InstanceEvent,
  InstanceReport,
  InstanceTarget,
  StackLocation,
} from '../../../control-plane/src/drivers/driver.ts';
import { createLocalDriver } from '../../../control-plane/src/drivers/local/local-driver.ts';
import { eventually } from '../../support/eventually.ts';
import type { FlowNodeInput } from '../../support/node-red-flows.ts';
import { killNodeRedsBelow } from '../../support/processes.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** The stack that came with the control plane, or an installed one: both must pass the same tests. */
const STACK = stackFrom(process.env.FLOWYARD_TEST_STACK);

function stackFrom(folder: string | undefined): StackLocation {
  return folder === undefined
    ? { id: 'default', folder: join(ROOT, 'control-plane'), nodePath: process.execPath }
    : {
        id: 'other',
        folder,
        nodePath: join(folder, `node_modules/node-${process.platform}-${process.arch}/bin/node`),
      };
}

interface StoredInstance {
  target: InstanceTarget;
  flows: object[];
  credentials: Record<string, unknown>;
}

interface PutRecord {
  revision: number;
  flows: object[];
  credentials: Record<string, unknown> | undefined;
  identity: string | undefined;
}

/** A data folder, instances, and the part of a control plane that a driver and its processes talk to. */
export class DriverWorld {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'flowyard-driver-'));
  readonly reports: InstanceReport[] = [];
  readonly events: InstanceEvent[] = [];
  readonly puts: PutRecord[] = [];
  /** The pids of processes that became ready in the warm pool. */
  readonly warm: number[] = [];
  /** When set, the flows API breaks off every connection. */
  away = false;
  /** When set, it refuses people whose sign-in has expired. */
  refusesPeople = false;
  /** When set, no instance can be started, because its stack is not there. */
  lacksStack = false;
  /** How long a target takes to be read. */
  readingMs = 0;
  /** Targets that are being read. */
  reading = 0;
  poolSize = 0;
  /** Lock files by their digest. */
  readonly locks = new Map<string, string>();
  /** With what each instance was started last. */
  readonly started = new Map<string, string>();
  driver!: Driver;
  #server: Server | undefined;
  readonly #instances = new Map<string, StoredInstance>();
  readonly #key: KeyObject;
  readonly #publicKey: string;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    this.#key = privateKey;
    this.#publicKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }

  /** Starts the control plane's part, as after a start of the whole. */
  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#answer(request, response));
    server.on('upgrade', (request, socket, head) => {
      if (!this.driver.acceptRuntime(bearerOf(request) ?? '', request, socket, head)) {
        socket.destroy();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#server = server;
    this.driver = createLocalDriver(
      {
        dataDir: this.dataDir,
        controlUrl: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        pluginsDir: join(ROOT, 'plugins'),
        nodesDir: null,
        poolSize: this.poolSize,
        cgroup: null,
        logger: pino({ level: 'debug', base: null }, { write: (line) => this.#readLog(JSON.parse(line)) }),
      },
      this.#host(),
    );
    await this.driver.start();
  }

  /** Ends the control plane's part. The Node-REDs go on, unless told otherwise. */
  async stop(options: { stopInstances: boolean }): Promise<void> {
    await this.driver.stop(options);
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async clear(): Promise<void> {
    await this.stop({ stopInstances: true });
    killNodeRedsBelow(this.dataDir);
    await rm(this.dataDir, { recursive: true, force: true });
  }

  add(name: string, flows: FlowNodeInput[], changes: Partial<InstanceTarget> = {}): string {
    const instanceId = `id${randomBytes(6).toString('hex')}`;
    const target: InstanceTarget = {
      instanceId,
      name,
      url: `http://${name}.localhost`,
      teamId: 'team01',
      applicationName: 'Bottling line',
      folder: null,
      desired: 'running',
      restarts: 0,
      unheldRestarts: 0,
      stack: STACK,
      memoryMb: 256,
      cpuLimit: null,
      leaveOut: null,
      flowsRevision: 1,
      modules: {},
      lock: null,
      variables: {},
      snapshotId: null,
      settings: DEFAULT_SETTINGS,
      startFacts: '{}',
      identityKey: this.#publicKey,
      credentialSecret: 'secret of the instance',
      runtimeToken: `token-${instanceId}`,
      ...changes,
    };
    this.#instances.set(instanceId, { target, flows, credentials: {} });
    this.driver.reconcile(instanceId);
    return instanceId;
  }

  instance(id: string): StoredInstance {
    const instance = this.#instances.get(id);
    if (!instance) {
      throw new Error(`no instance ${id}`);
    }
    return instance;
  }

  /** Changes the target, as a route of the control plane does, and tells the driver. */
  change(id: string, changes: Partial<InstanceTarget>): void {
    Object.assign(this.instance(id).target, changes);
    this.driver.reconcile(id);
  }

  /** Replaces the flows in the control plane; the driver learns of it by `change` or later. */
  putFlows(id: string, flows: FlowNodeInput[]): number {
    const instance = this.instance(id);
    instance.flows = flows;
    instance.target.flowsRevision += 1;
    return instance.target.flowsRevision;
  }

  remove(id: string): void {
    this.#instances.delete(id);
    this.driver.reconcile(id);
  }

  lastReport(id: string): InstanceReport | undefined {
    return this.reports.findLast((report) => report.instanceId === id);
  }

  async until(id: string, state: InstanceReport['state'], withinMs = 20_000): Promise<InstanceReport> {
    return eventually(
      () => {
        const report = this.lastReport(id);
        return report?.state === state && report;
      },
      { withinMs },
    );
  }

  fetch(id: string, path: string, init: RequestInit = {}): Promise<Response> {
    const address = this.driver.address(id);
    if (!address) {
      throw new Error('the instance has no address');
    }
    return fetch(`http://${address.host}:${address.port}${path}`, {
      signal: AbortSignal.timeout(15_000),
      ...init,
    });
  }

  /** With a short time-out: Node-RED drops a request whose nodes are being exchanged, without an answer. */
  async text(id: string, path: string): Promise<string> {
    return (await this.fetch(id, path, { signal: AbortSignal.timeout(1000) })).text();
  }

  /** Deploys as a person in the editor does. */
  deploy(id: string, flows: object[], role: Role = 'member'): Promise<Response> {
    return this.fetch(id, '/flows', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'Node-RED-API-Version': 'v2',
        [IDENTITY_HEADER]: this.identity(id, role),
      },
      body: JSON.stringify({ flows }),
    });
  }

  identity(instanceId: string, role: Role, changes: Partial<EditorIdentity> = {}): string {
    const identity: EditorIdentity = {
      userId: 'user01',
      username: 'ada',
      name: 'Ada',
      role,
      instanceId,
      expires: Math.round(Date.now() / 1000) + 600,
      ...changes,
    };
    const payload = Buffer.from(JSON.stringify(identity)).toString('base64url');
    return `${payload}.${sign(null, Buffer.from(payload), this.#key).toString('base64url')}`;
  }

  #readLog(entry: { msg: string; pid: number; level: number }): void {
    if (entry.msg === 'a warm process is ready') {
      this.warm.push(entry.pid);
    }
  }

  #host(): DriverHost {
    return {
      readTarget: (id) => this.#readTarget(id),
      readLock: async (digest) => this.locks.get(digest) ?? null,
      listInstanceIds: async () => [...this.#instances.keys()],
      listWarmStacks: async () => [{ ...STACK, memoryMb: 256 }],
      saveStarted: async (id, startFacts) => {
        this.started.set(id, startFacts);
      },
      saveFolder: async (id, folder) => {
        this.instance(id).target.folder = folder;
      },
      report: (report) => this.reports.push(report),
      reportMetrics: () => {},
      reportCounts: () => {},
      reportCrash: () => {},
      reportEvent: (event) => this.events.push(event),
    };
  }

  async #readTarget(id: string): Promise<InstanceTarget | null> {
    this.reading += 1;
    await sleep(this.readingMs);
    this.reading -= 1;
    return this.lacksStack ? null : structuredClone(this.#instances.get(id)?.target ?? null);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = /^\/api\/v1\/instances\/([^/]+)\/flows$/.exec(request.url ?? '')?.[1] ?? '';
    const instance = this.#instances.get(id);
    if (this.away) {
      request.socket.destroy();
      return;
    }
    if (!instance || bearerOf(request) !== instance.target.runtimeToken) {
      sendJson(response, 401, { error: { code: 'unauthorized', message: 'not known' } });
      return;
    }
    if (this.refusesPeople && request.headers[IDENTITY_HEADER] !== undefined) {
      sendJson(response, 401, { error: { code: 'unauthenticated', message: 'expired' } });
      return;
    }
    if (request.method === 'GET') {
      const { flows, credentials, target } = instance;
      sendJson(response, 200, { revision: target.flowsRevision, flows, credentials });
      return;
    }
    await this.#put(request, response, instance);
  }

  async #put(request: IncomingMessage, response: ServerResponse, instance: StoredInstance): Promise<void> {
    let text = '';
    for await (const chunk of request) {
      text += chunk;
    }
    const { revision, flows, credentials } = JSON.parse(text);
    if (revision !== instance.target.flowsRevision) {
      sendJson(response, 409, { error: { code: 'stale', message: 'changed meanwhile' } });
      return;
    }
    const identity = request.headers[IDENTITY_HEADER];
    this.puts.push({
      revision,
      flows,
      credentials,
      identity: typeof identity === 'string' ? identity : undefined,
    });
    instance.flows = flows;
    instance.credentials = credentials ?? instance.credentials;
    instance.target.flowsRevision += 1;
    sendJson(response, 200, { revision: instance.target.flowsRevision });
    this.driver.reconcile(instance.target.instanceId);
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
