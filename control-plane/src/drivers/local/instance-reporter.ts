import type { Crash, NodeCounts, RuntimeMetrics, SupervisedStatus } from '@flowyard/launcher';
import { type InstanceState, NO_FLOW_STATE } from '@flowyard/protocol';
import type { DriverHost } from '../driver.ts';

const ADOPTING_QUIETLY_MS = 1500;

/** What is told beside what the process itself says. */
export interface OwnFacts {
  /** What is done for it before its process runs. */
  step: string | null;
  /** Why its modules are not those that it should have. */
  problem: string | null;
  /** What people should know although it runs well. */
  notice: string | null;
  isSuspended: boolean;
  /** The `restarts` for which its process was started last. */
  startedFor: number | null;
}

/** Tells the control plane how an instance is. */
export class InstanceReporter {
  readonly #instanceId: string;
  readonly #host: DriverHost;
  #adoptingSince: number | null = null;

  constructor(instanceId: string, host: DriverHost) {
    this.#instanceId = instanceId;
    this.#host = host;
  }

  /** False when nothing is told yet: most processes that are taken over report within milliseconds. */
  report(status: SupervisedStatus, own: OwnFacts): boolean {
    if (this.#isQuiet(status)) {
      return false;
    }
    this.#host.report({
      instanceId: this.#instanceId,
      state: stateOf(status, own),
      reason: reasonOf(status, own),
      step: own.step ?? status.step,
      flowsRevision: status.flowsRevision,
      startedFor: status.state === 'crashed' ? own.startedFor : status.generation,
      flow: status.flow,
    });
    return true;
  }

  /** There is such an instance, but it cannot be started; what runs goes on. */
  reportWithoutTarget(status: SupervisedStatus | undefined): void {
    if (status === undefined || status.state === 'stopped') {
      this.#host.report({
        instanceId: this.#instanceId,
        state: 'error',
        reason:
          'The stack of this instance is not installed on this machine. Install it; the instance starts then.',
        step: null,
        flowsRevision: null,
        startedFor: null,
        flow: NO_FLOW_STATE,
      });
    }
  }

  reportMetrics({ memoryBytes, cpuPercent, eventLoopDelayMs, messages, requests }: RuntimeMetrics): void {
    const figures = { memoryBytes, cpuPercent, eventLoopDelayMs, messages, requests };
    this.#host.reportMetrics({ instanceId: this.#instanceId, ...figures });
  }

  reportCounts({ counting, elapsedMs, nodesSeen, nodes }: NodeCounts): void {
    this.#host.reportCounts({ instanceId: this.#instanceId, counting, elapsedMs, nodesSeen, nodes });
  }

  reportCrash({ facts, crashes, reason, safeMode }: Crash): void {
    const { code: exitCode, signal, hung, blamed } = facts;
    const instanceId = this.#instanceId;
    this.#host.reportCrash({ instanceId, reason, exitCode, signal, hung, crashes, safeMode, blamed });
  }

  reportEvent(event: string, details: Record<string, unknown>): void {
    this.#host.reportEvent({ instanceId: this.#instanceId, event, details });
  }

  #isQuiet({ adopting }: SupervisedStatus): boolean {
    if (!adopting) {
      this.#adoptingSince = null;
      return false;
    }
    this.#adoptingSince ??= Date.now();
    return Date.now() - this.#adoptingSince < ADOPTING_QUIETLY_MS;
  }
}

function stateOf({ state }: SupervisedStatus, { isSuspended, problem }: OwnFacts): InstanceState {
  if (state === 'running' && problem !== null) {
    return 'error';
  }
  return state === 'stopped' && isSuspended ? 'suspended' : state;
}

function reasonOf({ state, reason }: SupervisedStatus, { problem, notice }: OwnFacts): string | null {
  if (problem !== null && (state === 'error' || state === 'running')) {
    return `${problem}\n${reason ?? ''}`.trim();
  }
  return state === 'running' ? (reason ?? notice) : reason;
}
