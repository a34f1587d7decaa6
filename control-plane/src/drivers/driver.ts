import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LogFilter, NodeCounts } from '@flowyard/launcher';
import type {
  Blamed,
  Desired,
  FlowCredentials,
  FlowState,
  InstanceState,
  LeftOut,
  LogLine,
  ResolvedSettings,
} from '@flowyard/protocol';

/** Flows and credentials as they lie beside a hosted Node-RED. */
export interface LocalFlows {
  flows: unknown[];
  credentials: FlowCredentials;
}

/** A version of Node-RED that is ready to run. */
export interface StackLocation {
  id: string;
  /** The folder from which `node-red` and `express` are resolved. */
  folder: string;
  /** The Node.js that runs it. */
  nodePath: string;
}

/** A stack for which processes are kept warm, with the memory that the next instance will most likely have. */
export interface WarmStack extends StackLocation {
  memoryMb: number;
}

/** What should be true of one hosted instance. The driver reads it afresh whenever it is told to reconcile. */
export interface InstanceTarget {
  instanceId: string;
  name: string;
  /** Its public address, for the editor's header and for flows that ask. */
  url: string;
  teamId: string;
  applicationName: string;
  /** The name of its folder below the instances' folder; null until a process was given to it. */
  folder: string | null;
  desired: Desired;
  /** Grows with each restart that was asked for. */
  restarts: number;
  /** The newest of these that flows cannot hold: a person asked for it, or it leads back from an update that failed. */
  unheldRestarts: number;
  stack: StackLocation;
  memoryMb: number;
  /** In cores; null is no limit. Applied where the operating system lets us. */
  cpuLimit: number | null;
  /** Flows that are left out because they crash; null runs all. */
  leaveOut: LeftOut | null;
  /** Grows with each change of the flows; a process that runs an older one reads them again. */
  flowsRevision: number;
  /** Palette modules that its flows need, with versions; what is missing is installed before it starts. */
  modules: Record<string, string>;
  /** The lock file by which they are installed, or those of them that it has; null leaves it to npm. */
  lock: string | null;
  /** Variables of the instance, from all levels, secrets included. */
  variables: Record<string, string>;
  /** The snapshot whose flows it has, when nothing was deployed since. */
  snapshotId: string | null;
  /** From all levels, with `palette.npmrc` in the clear and passwords hashed. */
  settings: ResolvedSettings;
  /** What a start now would be a start with; told back by `saveStarted`. */
  startFacts: string;
  /** Public key (SPKI, PEM) that verifies who is at the editor. */
  identityKey: string;
  /** Encrypts the flow credentials. */
  credentialSecret: string;
  /** With it the process proves that it is this instance, on `/agent` and over HTTP. */
  runtimeToken: string;
}

/** What is true of it, told whenever it changes. */
export interface InstanceReport {
  instanceId: string;
  state: InstanceState;
  step: string | null;
  /** For people: why it crashed, what is missing, what to do. */
  reason: string | null;
  /** The revision of the flows that run; null while none do. */
  flowsRevision: number | null;
  /** The `restarts` for which the process was started, or the one that crashed; null while there is none, or it is not known. */
  startedFor: number | null;
  /** What its flows say of their health and of updates. */
  flow: FlowState;
}

/** What its process measured since the time before, about every second. */
export interface InstanceMetrics {
  instanceId: string;
  memoryBytes: number;
  cpuPercent: number;
  /** The longest that its event loop was blocked. */
  eventLoopDelayMs: number;
  /** Messages between nodes, and HTTP requests to flows. */
  messages: number;
  requests: number;
}

export type InstanceCounts = NodeCounts & { instanceId: string };

/** A process that ended by itself. */
export interface InstanceCrash {
  instanceId: string;
  /** For people, with the end of the log. */
  reason: string;
  exitCode: number | null;
  signal: string | null;
  hung: boolean;
  /** In a row, this one among them. */
  crashes: number;
  /** Whether it is started in safe mode next. */
  safeMode: boolean;
  blamed: Blamed | null;
}

export interface InstanceEvent {
  instanceId: string;
  event: string;
  details: Record<string, unknown>;
}

/** What a driver may ask of the control plane and tells it. */
export interface DriverHost {
  /** Null when there is no such instance any more. */
  readTarget(instanceId: string): Promise<InstanceTarget | null>;
  /** The text of a lock file; null when it is lost or damaged. */
  readLock(digest: string): Promise<string | null>;
  /** Ids of all instances there are. */
  listInstanceIds(): Promise<string[]>;
  /** Stacks for which processes are kept warm: the default one and those in use. */
  listWarmStacks(): Promise<WarmStack[]>;
  /** Remembers the folder that an instance was given, before it is used. */
  saveFolder(instanceId: string, folder: string): Promise<void>;
  /** Remembers what a process was started with. */
  saveStarted(instanceId: string, startFacts: string): Promise<void>;
  report(report: InstanceReport): void;
  reportMetrics(metrics: InstanceMetrics): void;
  /** What its nodes did since the count began, while and when it ends. */
  reportCounts(counts: InstanceCounts): void;
  reportCrash(crash: InstanceCrash): void;
  /**
   * What happened in an editor (`nodes.install`, `context.delete` …), with `userId` and `username` in the details, and
   * `flows.conflict` when a deploy made while the control plane was away could not be delivered.
   */
  reportEvent(event: InstanceEvent): void;
}

/** Runs hosted instances somewhere. Everything it is told may be told twice. */
export interface Driver {
  /** Takes over what still runs and starts what should run. Resolves when it knows what runs, not when all of it does. */
  start(): Promise<void>;
  /** Makes the target of an instance true, also when there is none any more: then it ends the process and deletes the folder. */
  reconcile(instanceId: string): void;
  /** Where its Node-RED listens, while it answers. */
  address(instanceId: string): { host: string; port: number } | null;
  /** Accepts the connection of a process that it started; false when the token is not one of its own. */
  acceptRuntime(token: string, request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Has its process count the messages of each node for so long; 0 ends that. False when no process is connected. */
  countNodes(instanceId: string, seconds: number): boolean;
  /** The palette modules that are installed for it, with exact versions; also those a person installed in the editor. */
  readModules(instanceId: string): Record<string, string>;
  /** The copy of its flows that its Node-RED keeps for when the control plane is away; null when there is none. */
  readFlows(instanceId: string): Promise<LocalFlows | null>;
  /** The lock file of npm that says how they were installed; null when there is none. */
  readLockFile(instanceId: string): string | null;
  /** The last lines, oldest first; with a filter the last that match, from all that is kept. */
  readLog(instanceId: string, lines: number, filter?: LogFilter): Promise<LogLine[]>;
  /** All that is kept of the log, as text, oldest first. */
  exportLog(instanceId: string): AsyncIterable<string>;
  /** Calls back with new lines until the returned function is called. */
  watchLog(instanceId: string, onLines: (lines: LogLine[]) => void): () => void;
  /** Why the operating system does not hold instances to their memory and CPU limits; null when it does. */
  limitsProblem(): string | null;
  /** Whether it can run instances now; a sentence when it cannot. */
  problem(): string | null;
  stop(options: { stopInstances: boolean }): Promise<void>;
}
