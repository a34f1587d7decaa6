import type { DeploymentState, DeploymentTargetState } from '@flowyard/protocol';

/** What is known of one target of a deployment at this moment. */
export type TargetFacts =
  | {
      kind: 'device';
      online: boolean;
      /** For how long it has been away; 0 while it is online. */
      awayMs: number;
      /** Whether it runs the snapshot and is healthy. */
      runsSnapshot: boolean;
      /** Why it gave the snapshot up; null when it did not. */
      failure: string | null;
      /** Whether it is told to be stopped or suspended. */
      halted: boolean;
      /** Whether it is in developer mode, in which it ignores what it is told to run. */
      develops: boolean;
    }
  | {
      kind: 'instance';
      /** Whether the flows of the snapshot run. */
      runsSnapshot: boolean;
      /** For how long they have been running. */
      runsForMs: number;
      /** What people should know although it runs well. */
      notice: string | null;
      failure: string | null;
      halted: boolean;
    }
  | { kind: 'gone' };

export interface TargetVerdict {
  state: DeploymentTargetState;
  reason: string | null;
}

/** A device that is away for longer is not waited for: it takes the snapshot when it comes back. */
export const PATIENCE_AWAY_MS = 30_000;
/** A hosted instance must run the snapshot for so long without a crash; a device's agent watches its own trial. */
export const HEALTH_MS = 3000;
/** A target that is neither well nor failed after this time has failed. */
export const PATIENCE_MS = 30 * 60_000;

/** How a target that was told to update stands. */
export function judgeTarget(facts: TargetFacts, updatingForMs: number): TargetVerdict {
  if (facts.kind === 'gone') {
    return { state: 'skipped', reason: 'It was removed in the meantime.' };
  }
  if (facts.kind === 'device' && facts.develops) {
    return { state: 'skipped', reason: 'It is in developer mode; it takes the snapshot when that ends.' };
  }
  if (facts.failure !== null) {
    return { state: 'failed', reason: facts.failure };
  }
  if (facts.runsSnapshot && facts.kind === 'instance' && facts.runsForMs < HEALTH_MS) {
    return { state: 'updating', reason: null };
  }
  if (facts.runsSnapshot) {
    return { state: 'succeeded', reason: facts.kind === 'instance' ? facts.notice : null };
  }
  if (facts.halted) {
    return { state: 'skipped', reason: 'It is stopped; it runs the snapshot when it is started.' };
  }
  if (facts.kind === 'device' && !facts.online && facts.awayMs >= PATIENCE_AWAY_MS) {
    return { state: 'skipped', reason: 'It is offline; it takes the snapshot when it comes back.' };
  }
  if (updatingForMs >= PATIENCE_MS) {
    return { state: 'failed', reason: 'It did not report success within 30 minutes. Its log may say why.' };
  }
  return { state: 'updating', reason: null };
}

export interface DeploymentVerdict {
  state: Extract<DeploymentState, 'running' | 'succeeded' | 'failed'>;
  message: string | null;
}

/** How a deployment stands, from the states of its targets. */
export function judgeDeployment(targets: readonly TargetVerdict[]): DeploymentVerdict {
  if (targets.some(({ state }) => state === 'waiting' || state === 'updating')) {
    return { state: 'running', message: null };
  }
  const failed = targets.filter(({ state }) => state === 'failed');
  const skipped = targets.filter(({ state }) => state === 'skipped').length;
  if (failed.length > 0) {
    const what = targets.length === 1 ? '' : `${failed.length} of ${targets.length} targets failed. `;
    return { state: 'failed', message: `${what}${failed[0]?.reason ?? ''}`.trim() };
  }
  return {
    state: 'succeeded',
    message:
      skipped === 0 ? null : `${skipped} of ${targets.length} targets could not take it yet and will later.`,
  };
}
