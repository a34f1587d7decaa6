import type { DeploymentTargetState } from '@flowyard/protocol';

/** What is known of one target of a deployment at this moment. */
export type TargetFacts =
  | {
      kind: 'device';
      online: boolean;
      /** For how long it has been away; 0 while it is online. */
      awayMs: number;
      /** Whether it runs the snapshot and is healthy; while the targets return: what it ran before. */
      runsSnapshot: boolean;
      /** Why it gave the snapshot up; null when it did not. */
      failure: string | null;
      /** Why it is not well by now, whatever it runs; null when it is. */
      unwell: string | null;
      /** Whether it is told to be stopped or suspended. */
      halted: boolean;
      /** Whether it is in developer mode, in which it ignores what it is told to run. */
      develops: boolean;
      /** Why what its group is told says nothing to it; null when it does. */
      elsewhere: string | null;
      /** The step in which it waits for flows that hold updates; null while they do not. */
      held: string | null;
      /** When its maintenance window opens, in milliseconds; null while it is open. */
      opensAt: number | null;
    }
  | {
      kind: 'instance';
      /** Whether the flows of the snapshot run, and those that must prove themselves have. */
      runsSnapshot: boolean;
      held: string | null;
      /** For how long they have been running. */
      runsForMs: number;
      /** What people should know although it runs well. */
      notice: string | null;
      failure: string | null;
      unwell: string | null;
      halted: boolean;
      opensAt: number | null;
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

/** Why a target is not told, and not waited for; null when it is. */
function skipped(facts: TargetFacts): string | null {
  if (facts.kind === 'gone') {
    return 'It was removed in the meantime.';
  }
  if (facts.kind === 'instance') {
    return null;
  }
  if (facts.elsewhere !== null) {
    return facts.elsewhere;
  }
  if (facts.develops) {
    return 'It is in developer mode; it takes the snapshot when that ends.';
  }
  if (!facts.online && facts.awayMs >= PATIENCE_AWAY_MS) {
    return 'It is offline; it takes the snapshot when it comes back.';
  }
  return null;
}

/** Whether a target that was not told yet is passed over. */
export function judgeUntold(facts: TargetFacts): TargetVerdict | null {
  const reason = skipped(facts);
  return reason === null ? null : { state: 'skipped', reason };
}

/** How a target that was told to update stands. */
export function judgeTarget(facts: TargetFacts, updatingForMs: number): TargetVerdict {
  if (facts.kind === 'gone' || (facts.kind === 'device' && (facts.develops || facts.elsewhere !== null))) {
    return { state: 'skipped', reason: skipped(facts) };
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
  const reason = skipped(facts);
  if (reason !== null) {
    return { state: 'skipped', reason };
  }
  if (facts.held !== null) {
    return { state: 'updating', reason: facts.held };
  }
  if (updatingForMs >= PATIENCE_MS) {
    return { state: 'failed', reason: 'It did not report success within 30 minutes. Its log may say why.' };
  }
  return { state: 'updating', reason: null };
}

/** What is wrong with a target that ran the snapshot, while its wave is watched; null when nothing is. */
export function problemAfter(facts: TargetFacts): string | null {
  if (facts.kind === 'gone') {
    return null;
  }
  const isAway = facts.kind === 'device' && !facts.online && facts.awayMs >= PATIENCE_AWAY_MS;
  return facts.failure ?? facts.unwell ?? (isAway ? 'It went offline, and has not come back.' : null);
}

const BACK_WORDS: Partial<Record<DeploymentTargetState, string>> = {
  skipped: 'It was not there when the others went back; it runs what it ran before when it comes back.',
};

/** How a target stands that was told to go back to what it ran before. */
export function judgeReturning(facts: TargetFacts, updatingForMs: number): TargetVerdict {
  const { state, reason } = judgeTarget(facts, updatingForMs);
  if (state === 'succeeded') {
    return { state: 'returned', reason: null };
  }
  return { state, reason: facts.kind === 'gone' ? reason : (BACK_WORDS[state] ?? reason) };
}
