import { z } from 'zod';
import { ToldFlowState } from './flow-state.ts';
import { Id } from './names.ts';
import type { ResolvedSettings } from './settings.ts';

/**
 * The link between a Node-RED process and what runs it: the control plane for hosted instances, the agent on a
 * device. The process dials a WebSocket with its token as bearer, says hello and then only what changed. It keeps
 * running when the other end goes away, and dials again until somebody answers.
 *
 * A process of the warm pool has no binding: Node-RED is started, its storage waits, and `claim` gives it the rest.
 */
export const RUNTIME_PROTOCOL = 1;

/**
 * `error` means that Node-RED runs but its flows do not run as they should: missing types or modules, or
 * credentials that cannot be decrypted. A person repairs that in the editor, so the process goes on.
 */
export const RUNTIME_STATES = ['pooled', 'starting', 'running', 'safe', 'error', 'stopping'] as const;
export const RuntimeState = z.enum(RUNTIME_STATES);
export type RuntimeState = z.infer<typeof RuntimeState>;

/** Whose Node-RED it is. In a warm pool this is first known with the claim. */
export const RuntimeBinding = z.strictObject({
  /** The instance or device. */
  subjectId: Id,
  /** For the header of the editor; null leaves Node-RED's own. */
  title: z.string().nullable(),
  /** Set in the process before flows start, the FLOWYARD_ variables among them. */
  environment: z.record(z.string(), z.string()),
  /** Encrypts flow credentials; null leaves the choice to Node-RED. */
  credentialSecret: z.string().nullable(),
  /** Public key (SPKI, PEM) that verifies who is at the editor; null when the editor is off. */
  identityKey: z.string().nullable(),
  /** The bearer token of the link and of HTTP requests from now on. */
  token: z.string(),
  /** What it was started for (the number of restarts asked for); it is told back in `hello`. */
  generation: z.number().int(),
  /** Settings of a hosted instance; left out where Node-RED runs with those of its surroundings. */
  settings: z.custom<ResolvedSettings>().optional(),
});
export type RuntimeBinding = z.infer<typeof RuntimeBinding>;

const StateFields = {
  state: RuntimeState,
  /** Why, for people; null when all is well. */
  reason: z.string().max(4000).nullable(),
  /** The revision of the flows that run; null while none do or they have no revision. */
  flowsRevision: z.number().int().nullable(),
  /** What it waits for or does, for people. */
  step: z.string().max(300).nullable(),
};

/** What one node did since the count began. */
export const NodeCount = z.object({
  /** In a subflow it is that of its instance and of the node, joined by a hyphen. */
  id: z.string().max(200),
  /** The node in the editor. */
  editorId: z.string().max(200),
  type: z.string().max(200),
  /** Empty when it has none. */
  name: z.string().max(200),
  /** The flow it is on, for people; a subflow by the flow and the name of the subflow. */
  flow: z.string().max(300),
  received: z.number().int().min(0),
  sent: z.number().int().min(0),
  /** Messages that it ended with an error. */
  errors: z.number().int().min(0),
});
export type NodeCount = z.infer<typeof NodeCount>;

/** Nodes beyond this are counted but not told; the busiest are. */
export const MOST_NODES_TOLD = 100;
/** Messages of nodes beyond this are not counted. */
export const MOST_NODES_COUNTED = 5000;

/** From the Node-RED process to what runs it. */
export const RuntimeMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('hello'),
    protocol: z.number().int(),
    pid: z.number().int(),
    /** The start of the process in the words of the operating system: with the pid it names one process for ever. */
    processStart: z.string(),
    /** Where its HTTP server listens on loopback; null until it does. */
    port: z.number().int().nullable(),
    nodeRed: z.string().nullable(),
    nodeJs: z.string(),
    /** Null while it waits in the pool. */
    subjectId: Id.nullable(),
    generation: z.number().int().nullable(),
    /** Left out while its flows say nothing of the kind. */
    flow: ToldFlowState.optional(),
    ...StateFields,
  }),
  /** What flows say of their health and of updates, whenever it changes. Not strict: it may learn to tell more. */
  z.object({ type: z.literal('flow-state'), flow: ToldFlowState }),
  z.strictObject({ type: z.literal('state'), port: z.number().int().nullable(), ...StateFields }),
  /** Sent by the event loop of Node-RED every second: when it stops, nothing else runs there either. */
  z.strictObject({
    type: z.literal('heartbeat'),
    memoryBytes: z.number(),
    cpuPercent: z.number(),
    /** The longest that the event loop was blocked since the last one. */
    eventLoopDelayMs: z.number(),
    /** Messages that nodes sent since the last one. */
    messages: z.number().int().min(0).default(0),
    /** HTTP requests to flows since the last one. */
    requests: z.number().int().min(0).default(0),
  }),
  z.strictObject({
    type: z.literal('event'),
    event: z.string().max(100),
    details: z.record(z.string(), z.unknown()),
  }),
  /** Sent every second while it counts, and once more when the count ends. Not strict: it may learn to tell more. */
  z.object({
    type: z.literal('counts'),
    counting: z.boolean(),
    elapsedMs: z.number().min(0),
    /** How many nodes had messages. */
    nodesSeen: z.number().int().min(0),
    /** The busiest first. */
    nodes: z.array(NodeCount).max(MOST_NODES_TOLD),
  }),
]);
export type RuntimeMessage = z.infer<typeof RuntimeMessage>;

/** To the Node-RED process. */
export const RuntimeCommand = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('claim'), binding: RuntimeBinding }),
  /** Read the flows again, because they changed elsewhere, and run them. Nothing happens when that revision runs already. */
  z.strictObject({
    type: z.literal('reload'),
    revision: z.number().int(),
    /** On a device: the folder that the flows are read from henceforth. */
    flowsFolder: z.string().nullable(),
  }),
  /** Counts the messages of each node for so long, from the start; 0 ends the count. */
  z.strictObject({ type: z.literal('count'), seconds: z.number().int().min(0).max(3600) }),
  z.strictObject({ type: z.literal('stop') }),
]);
export type RuntimeCommand = z.infer<typeof RuntimeCommand>;

/** What ended a process, where its stack says so: one node, or nodes of some types. */
export const Blamed = z.union([
  z.strictObject({ nodeId: z.string().max(200) }),
  z.strictObject({ types: z.array(z.string().max(200)).min(1).max(200) }),
]);
export type Blamed = z.infer<typeof Blamed>;

/** Flows (tabs) that do not run although they are there, and what people are told of it. */
export interface LeftOut {
  flows: string[];
  /** The revision of the flows that it is about: others run whole. Null where there are no revisions. */
  revision: number | null;
  reason: string;
}

/**
 * What a runtime plugin (storage, identity, audit) may use of the process that loads it. The types from here on are
 * the contract between the launcher's child and the bundled plugins, which do not import each other.
 */
export interface RuntimeHost {
  /** Node-RED's user directory. */
  folder: string;
  /** Resolves with the binding, at once or after the claim. */
  bound: Promise<RuntimeBinding>;
  binding(): RuntimeBinding | null;
  /** The address of the control plane as it is known now. */
  controlUrl(): string;
  log(level: 'error' | 'warn' | 'info', text: string): void;
  /** Tells the other end; kept until the link is up, bounded. */
  emit(event: string, details: Record<string, unknown>): void;
  /** What is waited for, for example the control plane at the first start; null when it came. */
  setStep(step: string | null): void;
  /** The revision of the flows changed without a deploy: what was deployed while offline has been delivered. */
  flowsRevisionChanged(): void;
}

/** Flows with their credentials as Node-RED encrypts them. */
export interface RuntimeFlows {
  flows: Array<Record<string, unknown>>;
  credentials: Record<string, unknown>;
}

export interface RuntimeFlowsChange {
  flows: Array<Record<string, unknown>>;
  /** Undefined when they did not change. */
  credentials: Record<string, unknown> | undefined;
}

/** Where the flows of a Node-RED are kept. */
export interface FlowsStore {
  /** The revision that was last read or written; null where there are no revisions. */
  revision(): number | null;
  /** Waits as long as there are none to be had. */
  read(): Promise<RuntimeFlows>;
  /** Rejects with `code: 'version_mismatch', status: 409` when they were changed elsewhere; nothing is lost then. */
  write(change: RuntimeFlowsChange, user: Record<string, unknown> | undefined): Promise<void>;
  /** Flows that are newer than those last read or written, null when there are none. They count as read after `accept`. */
  readNewer(revision: number, flowsFolder: string | null): Promise<NewerFlows | null>;
  accept(newer: NewerFlows): Promise<void>;
  close(): Promise<void>;
}

export interface NewerFlows extends RuntimeFlows {
  revision: number;
  credentialsChanged: boolean;
}

/** What each of the bundled runtime plugins exports. */
export interface StoragePlugin {
  createFlowsStore(host: RuntimeHost): FlowsStore;
}
export interface IdentityPlugin {
  /** Node-RED's `adminAuth`. */
  createAdminAuth(host: RuntimeHost): Record<string, unknown>;
}
export interface AuditPlugin {
  /** Takes Node-RED's audit messages. */
  createAuditHandler(host: RuntimeHost): (message: Record<string, unknown>) => void;
}
