import { type FlowState, type InstanceState, LONGEST_PROOF_MS, unwellWords } from '@flowyard/protocol';

/** What is known of an instance while it is watched. */
export interface GateFacts {
  /** Whether it is to run; one that was stopped meanwhile cannot be watched. */
  wanted: boolean;
  /** Whether the files of its stack are there. */
  stackIsThere: boolean;
  state: InstanceState | null;
  step: string | null;
  reason: string | null;
  /** Whether what is reported is the process that was started for the change. */
  isNewProcess: boolean;
  /** Whether the state began after the process was asked for. */
  isNewState: boolean;
  /** For how long it has been in this state. */
  stateForMs: number;
  /** Since it was asked for, or since flows that held it let it in. */
  waitedMs: number;
  /** What its flows say of their health and of updates. */
  flow: FlowState;
  /** It goes back to what ran before: what flows say of their health does not count then. */
  isReturning: boolean;
}

export type GateVerdict =
  | { kind: 'watch'; state: 'stopping' | 'starting' | 'checking' }
  | { kind: 'well' }
  | { kind: 'halted' }
  | { kind: 'failed'; reason: string };

/** Starting may install modules first; what takes longer does not come. */
export const PATIENCE_MS = 10 * 60_000;
/** What the supervisor says while the process before still runs. */
const OLD_PROCESS = 'stopping the old process';

/**
 * How an instance stands after a change. It is well when Node-RED says itself that its flows run, with all their
 * types, modules and credentials, and goes on saying so for long enough.
 */
export function judge(facts: GateFacts, healthMs: number): GateVerdict {
  if (!facts.wanted) {
    return { kind: 'halted' };
  }
  if (!facts.stackIsThere) {
    return { kind: 'failed', reason: 'The files of the stack are not there any more.' };
  }
  const failure = failureOf(facts);
  if (failure !== null) {
    return { kind: 'failed', reason: failure };
  }
  if (facts.state === 'running' && facts.isNewProcess) {
    const isProven = facts.isReturning || !facts.flow.unproven;
    if (!isProven && facts.stateForMs > LONGEST_PROOF_MS) {
      return { kind: 'failed', reason: 'No flow reported that it is well within 10 minutes.' };
    }
    return isProven && facts.stateForMs >= healthMs ? { kind: 'well' } : { kind: 'watch', state: 'checking' };
  }
  if (facts.flow.hold !== null && !facts.isNewProcess) {
    return { kind: 'watch', state: 'stopping' };
  }
  if (facts.waitedMs >= PATIENCE_MS) {
    return { kind: 'failed', reason: 'It did not come up within 10 minutes.' };
  }
  const isOld = facts.state === 'running' || facts.step === OLD_PROCESS;
  return { kind: 'watch', state: isOld ? 'stopping' : 'starting' };
}

function failureOf(facts: GateFacts): string | null {
  const { state, reason, isNewProcess, isNewState, flow, isReturning } = facts;
  if (state === 'running' && isNewProcess && !isReturning && flow.unwell !== null) {
    return unwellWords(flow.unwell);
  }
  // One that crashes before anything new was started says nothing of that.
  const crashed = state === 'crashed' && isNewProcess && isNewState;
  const unwell = (state === 'error' || state === 'safe') && isNewProcess;
  return crashed || unwell ? (reason ?? `It is in the state ${state}.`) : null;
}
