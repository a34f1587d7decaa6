import { z } from 'zod';
import { LogLine } from './api/instances.ts';
import { FlowState, NO_FLOW_STATE } from './flow-state.ts';
import { HostHealth } from './host-health.ts';
import { Id } from './names.ts';
import { SnapshotManifest } from './snapshot-manifest.ts';
import { SpoolEntry, SpoolStreamName } from './spool.ts';
import { Desired, DeviceMode, DeviceState } from './status.ts';
import { DEFAULT_TRIAL, TrialPolicy } from './trial-policy.ts';

/**
 * Messages between a device agent and the control plane on `/agent`. The agent proves itself with its token as
 * bearer when it connects, says hello, and is told its target; from then on each side says only what changed.
 *
 * The two are not updated at the same time. So objects here are not strict: fields that the reader does not know are
 * left out, a message of an unknown type is passed over, and a field that is added has a default.
 */
export const AGENT_PROTOCOL = 1;

/** Names of what agents can do, as `hello` has them. */
export const AGENT_CAPABILITY = {
  tunnel: 'tunnel',
  snapshot: 'snapshot',
  spool: 'spool',
  readLog: 'read-log',
} as const;
/** The header in which the token of a tunnel comes back. */
export const TUNNEL_TOKEN_HEADER = 'x-flowyard-tunnel';

/**
 * Variables of a device with their values, also those of secrets: `below` are those that the snapshot's come before,
 * `above` those that come before the snapshot's.
 */
export const TargetVariables = z.object({
  below: z.record(z.string(), z.string()),
  above: z.record(z.string(), z.string()),
});
export type TargetVariables = z.infer<typeof TargetVariables>;

/** What a device needs to have its editor opened. */
export const DeveloperMode = z.object({
  /** Verifies who is at the editor (SPKI, PEM). */
  identityKey: z.string(),
  /** The version of Node-RED for a device that has none yet. */
  nodeRed: z.string(),
});
export type DeveloperMode = z.infer<typeof DeveloperMode>;

/** What a device should be. Correctness rests on this alone: it is sent whole, with a growing generation. */
export const DeviceTarget = z.object({
  generation: z.number().int(),
  desired: Desired,
  /** Grows with each restart that was asked for. */
  restarts: z.number().int(),
  /** Grows with each retry of a failed release that was asked for. */
  retries: z.number().int(),
  device: z.object({ name: z.string(), applicationName: z.string().nullable(), teamId: Id }),
  snapshot: z.object({ id: Id, name: z.string(), manifest: SnapshotManifest }).nullable(),
  variables: TargetVariables.default({ below: {}, above: {} }),
  /** Settings that are not as by default, by their key; passwords are hashed. */
  settings: z.record(z.string(), z.unknown()).default({}),
  /** A mode that the reader does not know is the safe one. */
  mode: DeviceMode.default('fleet').catch('fleet'),
  /** What developer mode needs; null in fleet mode. */
  developer: DeveloperMode.nullable().default(null),
  trial: TrialPolicy.default(DEFAULT_TRIAL),
});
export type DeviceTarget = z.infer<typeof DeviceTarget>;

/** What a device is. */
export const DeviceCurrent = z.object({
  /** The generation of the target that the device last knew. */
  generation: z.number().int(),
  state: DeviceState,
  snapshotId: Id.nullable(),
  step: z.string().max(300).nullable(),
  progress: z.number().min(0).max(1).nullable(),
  reason: z.string().max(20_000).nullable(),
  /** The snapshot that was tried and given up, until a retry or another target. */
  failedSnapshotId: Id.nullable(),
  nodeRed: z.string().max(64).nullable(),
  mode: DeviceMode.default('fleet').catch('fleet'),
  /** In developer mode: something was changed on the device since. */
  edited: z.boolean().default(false),
  /** What its flows say of their health and of updates. */
  flow: FlowState.default(NO_FLOW_STATE).catch(NO_FLOW_STATE),
});
export type DeviceCurrent = z.infer<typeof DeviceCurrent>;

export const AgentMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    protocol: z.number().int(),
    agentVersion: z.string().max(64),
    nodeJs: z.string().max(64),
    platform: z.string().max(200),
    /** Milliseconds since 1970 by the clock of the device. */
    time: z.number(),
    /** What it can do beyond the first version of the protocol. */
    capabilities: z.array(z.string().max(64)).max(100).default([]),
    /** What tells this machine from another, hashed; empty where nothing does, as in a container. */
    hardware: z.array(z.string().max(64)).max(32).default([]),
    hostname: z.string().max(255).default(''),
    current: DeviceCurrent,
  }),
  z.object({ type: z.literal('state'), current: DeviceCurrent }),
  z.object({ type: z.literal('logs'), lines: z.array(LogLine).max(1000) }),
  z.object({
    type: z.literal('metrics'),
    memoryBytes: z.number(),
    cpuPercent: z.number(),
  }),
  z.object({ type: z.literal('host'), health: HostHealth }),
  /** What waited on the disk of the device, oldest first. The next batch comes when this one is acknowledged. */
  z.object({
    type: z.literal('spool'),
    epoch: z.string().min(1).max(32),
    stream: SpoolStreamName,
    entries: z.array(SpoolEntry).min(1).max(500),
  }),
  /** The answer to `read-log`: oldest first. */
  z.object({ type: z.literal('log-lines'), id: z.string().max(64), lines: z.array(LogLine).max(2000) }),
  /** The answer to `open-tunnel` or `take-snapshot` that cannot be done, for people. */
  z.object({ type: z.literal('request-failed'), id: z.string().max(64), reason: z.string().max(2000) }),
]);
export type AgentMessage = z.infer<typeof AgentMessage>;

export const AgentCommand = z.discriminatedUnion('type', [
  z.object({ type: z.literal('target'), target: DeviceTarget }),
  /** Send the last lines of the log and then each new one, or stop doing so. */
  z.object({ type: z.literal('watch-logs'), on: z.boolean() }),
  /** Dial `/tunnel/ID` with that token, which works once, and lead the bytes to the own Node-RED. Only in developer mode. */
  z.object({ type: z.literal('open-tunnel'), id: z.string().max(64), token: z.string().max(200) }),
  /** Send what runs now to `/api/v1/agent/snapshots`. */
  z.object({ type: z.literal('take-snapshot'), id: z.string().max(64) }),
  /** Keep this token and use it from the next connection on; the old one ends at some time. */
  z.object({ type: z.literal('new-token'), token: z.string().max(200) }),
  /** Search all of the log that is kept. */
  z.object({
    type: z.literal('read-log'),
    id: z.string().max(64),
    lines: z.number().int().min(1).max(2000),
    level: LogLine.shape.level.optional(),
    search: z.string().max(200).optional(),
  }),
  /** All up to this number is kept. */
  z.object({
    type: z.literal('spool-ack'),
    epoch: z.string().max(32),
    stream: SpoolStreamName,
    seq: z.number().int(),
  }),
]);
export type AgentCommand = z.infer<typeof AgentCommand>;

/** `unknown` is of a type that this version does not know; null is malformed. */
type Read<T> = T | 'unknown' | null;

function readWith<T>(schema: z.ZodType<T>, types: readonly string[], text: string): Read<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const message = schema.safeParse(value);
  if (message.success) {
    return message.data;
  }
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : null;
  return typeof type === 'string' && !types.includes(type) ? 'unknown' : null;
}

const MESSAGE_TYPES = AgentMessage.options.map(({ shape }) => shape.type.value);
const COMMAND_TYPES = AgentCommand.options.map(({ shape }) => shape.type.value);

export const readAgentMessage = (text: string): Read<AgentMessage> =>
  readWith(AgentMessage, MESSAGE_TYPES, text);
export const readAgentCommand = (text: string): Read<AgentCommand> =>
  readWith(AgentCommand, COMMAND_TYPES, text);
