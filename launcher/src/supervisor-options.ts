import type { FlowState, RuntimeMessage } from '@flowyard/protocol';
import type { LinkHub } from './link-hub.ts';
import type { MachineTimes, ProcessStatus } from './process-machine.ts';
import type { ExitFacts, RestartPolicy } from './restart-policy.ts';
import type { LaunchPlan } from './spawn-runtime.ts';

export interface SupervisedStatus extends ProcessStatus {
  pid: number | null;
  /** Where its HTTP server listens on loopback; null while it does not. */
  port: number | null;
  /** What it was started for, as it says itself. */
  generation: number | null;
  nodeRed: string | null;
  /** It waits in the pool, ready to be claimed. */
  pooled: boolean;
  /** It runs since before us, and has not reported yet. */
  adopting: boolean;
  /** What its flows say of their health and of updates. */
  flow: FlowState;
}

export interface RuntimeMetrics {
  memoryBytes: number;
  cpuPercent: number;
  eventLoopDelayMs: number;
  /** Since the metrics before. */
  messages: number;
  requests: number;
}

/** What its nodes did since the count began. */
export type NodeCounts = Omit<Extract<RuntimeMessage, { type: 'counts' }>, 'type'>;

/** A process that ended by itself. */
export interface Crash {
  facts: ExitFacts;
  /** In a row, this one among them. */
  crashes: number;
  /** For people, with the end of the log. */
  reason: string;
  /** Whether it is started in safe mode next. */
  safeMode: boolean;
}

/** Whose process it is: how to start it, and who wants to know. */
export interface SupervisorOwner {
  /** The token with which the process proves that it is this one. */
  token: string;
  /**
   * What to start; asked for at each start. When it rejects, the start counts as a crash with that reason. The signal
   * says that the start is not wanted any more.
   */
  prepare: (signal: AbortSignal) => Promise<LaunchPlan>;
  /** How it is watched, asked for whenever it matters; left out, as the options of the supervisor say. */
  watching?: () => { silentMs: number; crashesUntilSafeMode: number };
  onStatus: (status: SupervisedStatus) => void;
  onMetrics?: (metrics: RuntimeMetrics) => void;
  onCounts?: (counts: NodeCounts) => void;
  onEvent?: (event: string, details: Record<string, unknown>) => void;
  /** It ended by itself; what is done about it was decided. */
  onCrash?: (crash: Crash) => void;
}

export interface SupervisorOptions extends SupervisorOwner {
  hub: LinkHub;
  /** The folder that never two processes may run on. */
  dataFolder: string;
  logFile: string;
  times?: MachineTimes;
  policy?: RestartPolicy;
  /** Silence of the heartbeat after which the process is probed. */
  silentMs?: number;
}
