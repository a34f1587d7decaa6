import { z } from 'zod';
import { Time } from './names.ts';

/**
 * What flows say by their nodes `health` and `update lock`: all those of one Node-RED together. In the process the nodes
 * find a `FlowRuntime`; the process tells a `ToldFlowState` over its link, and whoever runs it keeps a `FlowState`.
 */

/** What is longer is cut. */
export const LONGEST_FLOW_REASON = 500;
/** No flow holds updates for longer than this at a time. */
export const LONGEST_HOLD_MS = 24 * 60 * 60_000;
/** No flow has longer to prove itself after an update. */
export const LONGEST_PROOF_MS = 10 * 60_000;

const Reason = z.string().max(2 * LONGEST_FLOW_REASON);

/** As the process tells it. It says for how long, since the clock of a device may jump. */
export const ToldFlowState = z.object({
  /** Why a flow is not well; null when none says so. */
  unwell: Reason.nullable(),
  /** A node that must hear from its flow has not yet. */
  unproven: z.boolean(),
  /** Updates are to wait; null when they need not. */
  hold: z.object({ reason: Reason, forMs: z.number().int().min(0).max(LONGEST_HOLD_MS) }).nullable(),
});
export type ToldFlowState = z.infer<typeof ToldFlowState>;

/** As it is known outside of the process. A hold is there exactly as long as it counts; `until` is for people. */
export const FlowState = z.object({
  unwell: Reason.nullable(),
  unproven: z.boolean(),
  hold: z.object({ reason: Reason, until: Time }).nullable(),
});
export type FlowState = z.infer<typeof FlowState>;

export const NO_FLOW_STATE: FlowState = { unwell: null, unproven: false, hold: null };

/** Why what a flow says fails the health gate of an update, for people. */
export function unwellWords(reason: string): string {
  return `The flow says: ${reason}`;
}

const LONGEST_STEP = 300;

/** The step in which an update waits for a flow, for people. */
export function holdWords({ reason, until }: NonNullable<FlowState['hold']>): string {
  const words = `waits: the flow holds updates until ${until.slice(0, 16).replace('T', ' ')} UTC: ${reason}`;
  return words.length <= LONGEST_STEP ? words : `${words.slice(0, LONGEST_STEP - 1)}…`;
}

/** What one node says of the health of its flow. */
export interface FlowHealthReport {
  state: 'well' | 'unwell' | 'unproven';
  reason: string;
}

/** What one node holds updates for. */
export interface FlowHold {
  reason: string;
  forMs: number;
}

/** What nodes find at `globalThis[Symbol.for(FLOW_RUNTIME)]` in a process that Flowyard runs, and nowhere else. */
export interface FlowRuntime {
  readonly version: 1;
  /** Undefined takes back what that node said. */
  reportHealth(nodeId: string, report: FlowHealthReport | undefined): void;
  /** Undefined lets updates in again, as far as that node is concerned. */
  holdUpdates(nodeId: string, hold: FlowHold | undefined): void;
}

export const FLOW_RUNTIME = 'flowyard.runtime';
