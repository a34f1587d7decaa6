import type { DeploymentProgress, DeploymentRow } from './deployment-row.ts';
import type { DeploymentTargetRow, TargetState } from './deployment-target-store.ts';
import type { Run } from './rollout-decision.ts';

const ENDS: ReadonlySet<string> = new Set(['succeeded', 'failed', 'aborted', 'rolled-back']);

const toMs = (time: string | null) => (time === null ? null : Date.parse(time));
const toTime = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());

/** A stored deployment as it is decided on. */
export function runOf(deployment: DeploymentRow, targets: readonly DeploymentTargetRow[]): Run {
  const { state, message, returning, wave, forgiven, policy } = deployment;
  return {
    state,
    message,
    returning,
    wave,
    forgiven,
    policy,
    waveDoneAt: toMs(deployment.waveDoneAt),
    waitsUntil: toMs(deployment.waitsUntil),
    startAt: toMs(deployment.startAt),
    targets: targets.map(({ targetId, name, wave: ofWave, state: is, reason, toldAt, changedAt }) => ({
      targetId,
      name,
      wave: ofWave,
      state: is,
      reason,
      toldAt: toMs(toldAt),
      changedAt: toMs(changedAt),
    })),
  };
}

/** Targets as they are stored once these have changed; some of those were told at that time, too. */
export function targetsAfter(
  targets: readonly DeploymentTargetRow[],
  changed: readonly TargetState[],
  { at, told }: { at: string; told: ReadonlySet<string> },
): DeploymentTargetRow[] {
  const changeOf = new Map(changed.map((change) => [change.targetId, change]));
  return targets.map((target) => {
    const { targetId } = target;
    const change = changeOf.get(targetId);
    return change === undefined
      ? target
      : { ...target, ...change, changedAt: at, toldAt: told.has(targetId) ? at : target.toldAt };
  });
}

/** What is stored of a run that was decided on. */
export function progressOf({ finishedAt }: DeploymentRow, run: Run): DeploymentProgress {
  const { state, message, returning, wave, forgiven, policy } = run;
  return {
    state,
    message,
    returning,
    wave,
    forgiven,
    policy,
    waveDoneAt: toTime(run.waveDoneAt),
    waitsUntil: toTime(run.waitsUntil),
    finishedAt: ENDS.has(state) ? (finishedAt ?? new Date().toISOString()) : null,
  };
}
