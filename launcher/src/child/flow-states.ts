import type { FlowHealthReport, FlowHold, FlowRuntime, ToldFlowState } from '@flowyard/protocol';
import { cutReason, LONGEST_HOLD_MS, mergeFlowState, type TimedHold } from './merge-flow-state.ts';

/** A flow may change its mind with every message; whoever runs us need not hear all of that. */
const TELL_EVERY_MS = 200;
/** The same as in protocol/src/flow-state.ts, which is not loaded here. */
const FLOW_RUNTIME = Symbol.for('flowyard.runtime');
const STATES: ReadonlySet<unknown> = new Set(['well', 'unwell', 'unproven']);

/** What nodes say of the health of their flows and of updates, and that it is told outside. */
export class FlowStates implements FlowRuntime {
  readonly version = 1;
  readonly #tell: (state: ToldFlowState) => void;
  readonly #health = new Map<string, FlowHealthReport>();
  readonly #holds = new Map<string, TimedHold>();
  #lapse: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;
  #isDue = false;

  constructor(tell: (state: ToldFlowState) => void) {
    this.#tell = tell;
  }

  /** Lets the nodes of this process find it. */
  expose(): void {
    Object.defineProperty(globalThis, FLOW_RUNTIME, { value: Object.freeze(this.#forNodes()) });
  }

  get current(): ToldFlowState {
    return mergeFlowState(this.#health.values(), this.#holds.values(), performance.now());
  }

  /** Null while nothing is said that anybody must know. */
  get notable(): ToldFlowState | null {
    const { current } = this;
    return current.unwell === null && !current.unproven && current.hold === null ? null : current;
  }

  reportHealth(nodeId: string, report: FlowHealthReport | undefined): void {
    const before = this.#health.get(nodeId);
    if (report === undefined) {
      this.#health.delete(nodeId);
    } else if (!STATES.has(report.state)) {
      throw new TypeError('A flow is well, unwell or unproven.');
    } else {
      this.#health.set(nodeId, { state: report.state, reason: cutReason(String(report.reason)) });
    }
    const after = this.#health.get(nodeId);
    if (before?.state !== after?.state || before?.reason !== after?.reason) {
      this.#changed();
    }
  }

  holdUpdates(nodeId: string, hold: FlowHold | undefined): void {
    if (hold === undefined) {
      this.#holds.delete(nodeId);
    } else if (!Number.isFinite(hold.forMs) || hold.forMs <= 0) {
      throw new TypeError('Updates are held for a number of milliseconds.');
    } else {
      const endsAt = performance.now() + Math.min(hold.forMs, LONGEST_HOLD_MS);
      this.#holds.set(nodeId, { reason: cutReason(String(hold.reason)), endsAt });
    }
    this.#changed();
  }

  /** Tells at once what was to be told a little later: before what it must not be heard after. */
  flush(): void {
    if (this.#isDue) {
      this.#isDue = false;
      this.#tell(this.current);
    }
  }

  #forNodes(): FlowRuntime {
    return {
      version: this.version,
      reportHealth: (nodeId, report) => this.reportHealth(nodeId, report),
      holdUpdates: (nodeId, hold) => this.holdUpdates(nodeId, hold),
    };
  }

  #changed(): void {
    this.#isDue = true;
    if (this.#pause === undefined) {
      this.flush();
      this.#pause = setTimeout(() => this.#pauseOver(), TELL_EVERY_MS).unref();
    }
    this.#watchNextLapse();
  }

  #pauseOver(): void {
    this.#pause = undefined;
    if (this.#isDue) {
      this.#changed();
    }
  }

  /** A hold that is over is not told by anybody else. */
  #watchNextLapse(): void {
    clearTimeout(this.#lapse);
    const ends = [...this.#holds.values()].map(({ endsAt }) => endsAt);
    if (ends.length > 0) {
      const inMs = Math.max(0, Math.min(...ends) - performance.now());
      this.#lapse = setTimeout(() => this.#dropLapsed(), Math.ceil(inMs)).unref();
    }
  }

  #dropLapsed(): void {
    const now = performance.now();
    for (const [nodeId, { endsAt }] of this.#holds) {
      if (endsAt <= now) {
        this.#holds.delete(nodeId);
      }
    }
    this.#changed();
  }
}
