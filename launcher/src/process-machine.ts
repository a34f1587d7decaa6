import type { RuntimeState } from '@flowyard/protocol';
import { decideRestart, type ExitFacts, type RestartPolicy } from './restart-policy.ts';

/**
 * Decides what to do with one Node-RED process. It has no clock and touches nothing: facts go in, the next state
 * and what to do come out; the supervisor does it.
 *
 *                 ┌── found one ──▶ adopting ──told──┐          (adopting ──exited──▶ starting)
 *   idle ──want───┤                    │ time-out    ▼
 *    ▲            └── spawn ─────▶ starting ──told──▶ up
 *    │                                 └── exited ────┤
 *    │◀─ exited, not wanted ─ ending ◀── stop, restart ┤
 *    │                          └─ exited, wanted ─▶ starting
 *    └──── stop ──── waiting ◀──────── exited ─────────┘   (waiting ──time-out──▶ starting)
 */
export type Phase = 'idle' | 'adopting' | 'starting' | 'up' | 'ending' | 'waiting';

/** What the process says of itself. */
export interface RuntimeReport {
  state: RuntimeState;
  reason: string | null;
  step: string | null;
  flowsRevision: number | null;
}

export interface ProcessState {
  phase: Phase;
  wanted: boolean;
  /** Crashes in a row. */
  crashes: number;
  /** When the process was started, or taken over. */
  since: number;
  hung: boolean;
  /** Why the next start is in safe mode; null when it is not. */
  safeMode: string | null;
  /** Why it crashed last. */
  crashReason: string | null;
  report: RuntimeReport | null;
}

export type ProcessInput =
  | { type: 'want'; running: boolean }
  | { type: 'restart' }
  /** Instead of starting one: a process already runs on the folder. */
  | { type: 'found' }
  /** The new process exists; preparing it may have taken long. */
  | { type: 'spawned' }
  | { type: 'told'; report: RuntimeReport }
  | { type: 'exited'; facts: ExitFacts }
  | { type: 'hung' }
  /** The time that the last action gave is over. */
  | { type: 'time-out' };

export type ProcessAction = 'spawn' | 'look' | 'terminate' | 'kill';

export interface Transition {
  state: ProcessState;
  action: ProcessAction | null;
  /** When to come back with a time-out; null for never. Undefined leaves the running time as it is. */
  timeoutMs?: number | null;
}

export interface MachineTimes {
  /** For a running process to say hello after we came back. */
  adoptMs: number;
  /** For a new process to say hello. */
  startMs: number;
  /** Between asking a process to end and ending it. */
  stopMs: number;
}

export const DEFAULT_TIMES: MachineTimes = { adoptMs: 10_000, startMs: 60_000, stopMs: 10_000 };

export interface MachineContext {
  now: number;
  times: MachineTimes;
  policy: RestartPolicy;
}

export const INITIAL_STATE: ProcessState = {
  phase: 'idle',
  wanted: false,
  crashes: 0,
  since: 0,
  hung: false,
  safeMode: null,
  crashReason: null,
  report: null,
};

const stay = (state: ProcessState): Transition => ({ state, action: null });

/** The state after a fact, and what to do about it. */
export function next(state: ProcessState, input: ProcessInput, context: MachineContext): Transition {
  switch (input.type) {
    case 'want':
      return input.running
        ? start({ ...state, wanted: true }, context)
        : end({ ...state, wanted: false }, context);
    case 'restart':
      return restart(state, context);
    case 'found':
      return found(state, context);
    case 'spawned':
      return state.phase === 'starting'
        ? { state, action: null, timeoutMs: context.times.startMs }
        : stay(state);
    case 'told':
      return told(state, input.report);
    case 'exited':
      return exited(state, input.facts, context);
    case 'hung':
      return state.phase === 'up' || state.phase === 'starting'
        ? { state: { ...state, hung: true }, action: 'kill', timeoutMs: context.times.stopMs }
        : stay(state);
    case 'time-out':
      return timedOut(state, context);
  }
}

function spawn(state: ProcessState, { now }: MachineContext): Transition {
  const fresh = { phase: 'starting', since: now, hung: false, report: null } as const;
  return { state: { ...state, ...fresh }, action: 'spawn', timeoutMs: null };
}

function start(state: ProcessState, context: MachineContext): Transition {
  return state.phase === 'idle' ? spawn(state, context) : stay(state);
}

function end(state: ProcessState, { times }: MachineContext): Transition {
  switch (state.phase) {
    case 'idle':
      // Nothing is known to run, but a process from before our own start may.
      return { state, action: 'look', timeoutMs: null };
    case 'waiting':
      return { state: { ...state, ...FORGIVEN, phase: 'idle' }, action: null, timeoutMs: null };
    case 'ending':
      return stay(state);
    default:
      return {
        state: { ...state, ...FORGIVEN, phase: 'ending' },
        action: 'terminate',
        timeoutMs: times.stopMs,
      };
  }
}

/** A person who stops or restarts starts the count of crashes anew. */
const FORGIVEN = { crashes: 0, safeMode: null, crashReason: null } as const;

function restart(state: ProcessState, context: MachineContext): Transition {
  const wanted = { ...state, ...FORGIVEN, wanted: true };
  return state.phase === 'idle' || state.phase === 'waiting' ? spawn(wanted, context) : end(wanted, context);
}

function found(state: ProcessState, { now, times }: MachineContext): Transition {
  if (!state.wanted) {
    return { state: { ...state, phase: 'ending' }, action: 'terminate', timeoutMs: times.stopMs };
  }
  const adopting = { ...state, phase: 'adopting', since: now, report: null } as const;
  return { state: adopting, action: null, timeoutMs: times.adoptMs };
}

function told(state: ProcessState, report: RuntimeReport): Transition {
  if (state.phase === 'starting' || state.phase === 'adopting') {
    return { state: { ...state, phase: 'up', report }, action: null, timeoutMs: null };
  }
  return stay({ ...state, report });
}

function exited(state: ProcessState, facts: ExitFacts, context: MachineContext): Transition {
  if (state.phase === 'ending' || state.phase === 'adopting') {
    // Why one ended that ran before us cannot be known. If it crashed, the one that follows will, too.
    return state.wanted
      ? spawn(state, context)
      : { state: { ...state, phase: 'idle', report: null }, action: null, timeoutMs: null };
  }
  if (state.phase === 'idle' || state.phase === 'waiting') {
    return stay(state);
  }
  const history = { crashes: state.crashes, ranForMs: context.now - state.since };
  const decision = decideRestart({ ...facts, hung: state.hung }, history, context.policy);
  const waiting: ProcessState = {
    ...state,
    phase: 'waiting',
    crashes: decision.crashes,
    safeMode: decision.safeMode ? decision.reason : null,
    crashReason: decision.reason,
    report: null,
  };
  return { state: waiting, action: null, timeoutMs: decision.delayMs };
}

function timedOut(state: ProcessState, context: MachineContext): Transition {
  switch (state.phase) {
    case 'waiting':
      return spawn(state, context);
    case 'starting':
      return { state: { ...state, hung: true }, action: 'kill', timeoutMs: context.times.stopMs };
    case 'adopting':
      // It runs but is not heard: nobody could control it. The one that follows is started at once.
      return { state: { ...state, phase: 'ending' }, action: 'kill', timeoutMs: context.times.stopMs };
    case 'ending':
      return { state, action: 'kill', timeoutMs: context.times.stopMs };
    case 'up':
      return state.hung ? { state, action: 'kill', timeoutMs: context.times.stopMs } : stay(state);
    default:
      return stay(state);
  }
}

/** What people are told of a process. */
export interface ProcessStatus {
  state: 'starting' | 'running' | 'safe' | 'error' | 'stopping' | 'stopped' | 'crashed';
  reason: string | null;
  step: string | null;
  flowsRevision: number | null;
}

/** How a state is called. */
export function statusOf(state: ProcessState): ProcessStatus {
  const nothing = { reason: null, step: null, flowsRevision: null };
  switch (state.phase) {
    case 'idle':
      return { ...nothing, state: 'stopped' };
    case 'adopting':
      return { ...nothing, state: 'starting', step: 'waiting for the running Node-RED to report' };
    case 'starting':
      return { ...nothing, state: 'starting', reason: state.crashReason };
    case 'waiting':
      return { ...nothing, state: 'crashed', reason: state.crashReason };
    case 'ending':
      return state.wanted
        ? { ...nothing, state: 'starting', step: 'stopping the old process' }
        : { ...nothing, state: 'stopping' };
    case 'up':
      return reported(state);
  }
}

function reported({ report, safeMode }: ProcessState): ProcessStatus {
  const { state, reason, step, flowsRevision } = report ?? { state: 'starting', ...NOTHING };
  if (state === 'pooled' || state === 'starting' || state === 'stopping') {
    return { state: 'starting', reason, step, flowsRevision };
  }
  return { state, reason: state === 'safe' ? (reason ?? safeMode) : reason, step, flowsRevision };
}

const NOTHING = { reason: null, step: null, flowsRevision: null } as const;
