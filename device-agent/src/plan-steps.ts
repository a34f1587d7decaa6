import type { DeviceTarget, FlowState } from '@flowyard/protocol';
import { type DeveloperFacts, planDeveloper, planEndOfDeveloper } from './developer/plan-developer.ts';
import { type EmergencyFacts, planEmergency } from './emergency/plan-emergency.ts';
import type { TargetSnapshot } from './release/release.ts';
import { differsOnlyInFlows, releaseIdOf } from './release/release.ts';
import { NO_SURROUNDINGS, type Surroundings, startsAlike, surroundingsOf } from './surroundings.ts';

/** A release that was tried and given up. */
export interface FailedRelease {
  releaseId: string;
  snapshotId: string;
  /** The count of asked-for retries when it failed. */
  retries: number;
  reason: string;
}

export interface KnownRelease {
  id: string;
  snapshot: TargetSnapshot;
}

/** What of a release is on disk. */
export interface Readiness {
  release: boolean;
  nodeRed: boolean;
  modules: boolean;
}

export interface RunningRelease {
  releaseId: string;
  isHealthy: boolean;
  /** It crashed so often in a row that its flows are not started any more. */
  isBroken: boolean;
}

/** What is true of the device. */
export interface DeviceFacts {
  /** The release that was found good; it is what runs when nothing else is wanted. */
  committed: KnownRelease | null;
  /** What of it is still there: disks fail, and people delete files. */
  committedReady: Readiness;
  /** The release that the Node-RED in our care was started with; null when there is none. */
  running: RunningRelease | null;
  /** The release that was good before, when all of it is there; known while the committed one is of no use. */
  before: KnownRelease | null;
  /** Somebody at the machine wants to go back from the committed one. */
  isUnwanted: boolean;
  /** Its flows hold updates; null when they do not. */
  hold: FlowState['hold'];
  /** The variables and settings of the last start; null before the first. */
  launchedWith: Surroundings | null;
  failed: FailedRelease | null;
  /** The asked-for restarts that were done; null before the first target. */
  restartsDone: number | null;
  /** What of the target's release is on disk. */
  ready: Readiness;
  developer: DeveloperFacts;
  /** Null while nobody at the machine has opened the emergency editor. */
  emergency: EmergencyFacts | null;
}

export type Step =
  | { type: 'install-node-red'; snapshot: TargetSnapshot }
  | { type: 'install-modules'; snapshot: TargetSnapshot }
  | { type: 'prepare-release'; snapshot: TargetSnapshot; releaseId: string }
  /** Start a release on trial and keep it, or return to the committed one. */
  | {
      type: 'try-release';
      releaseId: string;
      snapshot: TargetSnapshot;
      how: 'start' | 'reload';
      retries: number;
      surroundings: Surroundings;
      /** The asked-for restarts that are done by that; null when they are noted already. */
      restarts: number | null;
    }
  /** Nothing more is done before the flows let updates in. */
  | { type: 'wait'; hold: NonNullable<FlowState['hold']> }
  /** Give up a release that was found good, for the one before it: it crashed again and again, or a person asked. */
  | { type: 'return'; from: KnownRelease; to: KnownRelease; retries: number; why: 'broken' | 'asked' }
  | { type: 'start'; releaseId: string; surroundings: Surroundings }
  | { type: 'prepare-workspace'; base: TargetSnapshot }
  | { type: 'start-workspace'; surroundings: Surroundings }
  | { type: 'set-workspace-aside' }
  /** Set aside what was edited in the emergency editor, and forget that it was open. */
  | { type: 'end-emergency' }
  | { type: 'stop' }
  | { type: 'note-restarts'; restarts: number };

/** Whether what the target asks for was tried and failed, and nobody asked to try it again. */
export function isGivenUp(failed: FailedRelease | null, target: DeviceTarget): failed is FailedRelease {
  return (
    failed !== null &&
    target.snapshot !== null &&
    failed.releaseId === releaseIdOf(target.snapshot) &&
    target.retries <= failed.retries
  );
}

/** Whether nothing of a release is missing. */
export function isWhole({ release, nodeRed, modules }: Readiness): boolean {
  return release && nodeRed && modules;
}

/** Gets what is missing of a release, in an order in which each step finds what it needs. */
function planParts({ release, nodeRed, modules }: Readiness, snapshot: TargetSnapshot): Step[] {
  const steps: (Step | false)[] = [
    !nodeRed && { type: 'install-node-red', snapshot },
    !modules && { type: 'install-modules', snapshot },
    !release && { type: 'prepare-release', snapshot, releaseId: releaseIdOf(snapshot) },
  ];
  return steps.filter((step) => step !== false);
}

/** What is to run while nothing newer is: the committed release, or the one before it while that cannot. */
function startable(facts: DeviceFacts): KnownRelease | null {
  return standIn(facts) ?? (isWhole(facts.committedReady) ? facts.committed : null);
}

/** The release before, while the committed one is damaged or lost. */
export function standIn({
  committed,
  committedReady,
  before,
}: Pick<DeviceFacts, 'committed' | 'committedReady' | 'before'>): KnownRelease | null {
  const isOfUse = committed !== null && isWhole(committedReady);
  return isOfUse || before?.id === committed?.id ? null : before;
}

/**
 * Makes the committed release whole again. One that runs all the same is left alone; one that does not gives way to
 * the release before it.
 */
function planRepair(facts: DeviceFacts, committed: KnownRelease, surroundings: Surroundings): Step[] {
  const { running, committedReady } = facts;
  const instead = standIn(facts);
  const isDown = running !== null && running.releaseId === committed.id && !running.isHealthy;
  return [
    ...(isDown ? [{ type: 'stop' } as const] : []),
    ...((running === null || isDown) && instead !== null
      ? [{ type: 'start', releaseId: instead.id, surroundings } as const]
      : []),
    ...planParts(committedReady, committed.snapshot),
  ];
}

/** Somebody asked for a restart: what a person decides is not held by a flow. */
function isRestartAsked({ restartsDone }: DeviceFacts, restarts: number | null): boolean {
  return restarts !== null && restartsDone !== null && restarts > restartsDone;
}

/** What the flows hold; those of a release on trial, or given up, hold nothing: the way back is never barred. */
function holdOf(facts: DeviceFacts): DeviceFacts['hold'] {
  const kept = [facts.committed?.id, standIn(facts)?.id];
  return facts.running !== null && kept.includes(facts.running.releaseId) ? facts.hold : null;
}

/** A restart is noted after the stop and before the start, so that it is done once, also when we are killed between. */
function planCommitted(facts: DeviceFacts, target: DeviceTarget | null): Step[] {
  const { committed, committedReady, running, restartsDone } = facts;
  const launchedWith = facts.launchedWith ?? NO_SURROUNDINGS;
  // A device whose target was lost with its disk goes on with what it had.
  const surroundings = target === null ? launchedWith : surroundingsOf(target);
  const restarts = target?.restarts ?? null;
  if (committed !== null && !isWhole(committedReady)) {
    return planRepair(facts, committed, surroundings);
  }
  const note: Step[] =
    restarts !== null && restarts !== restartsDone ? [{ type: 'note-restarts', restarts }] : [];
  const wanted = startable(facts);
  if (wanted === null) {
    return [...(running === null ? [] : [{ type: 'stop' } as const]), ...note];
  }
  const start: Step = { type: 'start', releaseId: wanted.id, surroundings };
  if (running === null) {
    return [...note, start];
  }
  const isAskedFor = isRestartAsked(facts, restarts);
  const isOther = running.releaseId !== wanted.id;
  if (isOther || isAskedFor || !startsAlike(wanted.snapshot, launchedWith, surroundings)) {
    const hold = isAskedFor ? null : holdOf(facts);
    if (hold !== null) {
      return [...note, { type: 'wait', hold }];
    }
    return [{ type: 'stop' }, ...note, start];
  }
  return note;
}

function planUpdate(facts: DeviceFacts, snapshot: TargetSnapshot, target: DeviceTarget): Step[] {
  const releaseId = releaseIdOf(snapshot);
  const { committed, running, ready } = facts;
  const surroundings = surroundingsOf(target);
  const steps: Step[] = [];
  // What the device already has runs while the new release is fetched, however long that takes.
  const meanwhile = startable(facts);
  if (meanwhile !== null && running === null && !ready.release) {
    steps.push({ type: 'start', releaseId: meanwhile.id, surroundings });
  }
  steps.push(...planParts(ready, snapshot));
  const hold = holdOf(facts);
  const goesOnHeld = hold !== null && isRestartAsked(facts, target.restarts);
  if (hold !== null && !goesOnHeld) {
    return [...steps, { type: 'wait', hold }];
  }
  if (target.restarts !== facts.restartsDone && !goesOnHeld) {
    // Whatever comes of the trial, something is started.
    steps.push({ type: 'note-restarts', restarts: target.restarts });
  }
  const canReload =
    committed !== null &&
    running?.releaseId === committed.id &&
    running.isHealthy &&
    differsOnlyInFlows(committed.snapshot, snapshot) &&
    startsAlike(snapshot, facts.launchedWith ?? NO_SURROUNDINGS, surroundings);
  steps.push({
    type: 'try-release',
    releaseId,
    snapshot,
    how: canReload ? 'reload' : 'start',
    retries: target.retries,
    surroundings,
    // Noted before, it would not be known any more that somebody asked.
    restarts: goesOnHeld ? target.restarts : null,
  });
  return steps;
}

/**
 * What to do, in order, to get from what is true to what should be true. Nothing to do is an empty list; the
 * same facts always give the same steps, so that the agent may be killed between any two of them.
 */
export function planSteps(facts: DeviceFacts, target: DeviceTarget | null): Step[] {
  if (facts.emergency !== null) {
    return planEmergency(facts, target);
  }
  if (target === null) {
    return planCommitted(facts, null);
  }
  if (target.mode === 'developer') {
    return planDeveloper(facts, target);
  }
  if (facts.developer.hasWorkspace) {
    return planEndOfDeveloper(facts);
  }
  if (target.desired !== 'running') {
    return facts.running === null ? [] : [{ type: 'stop' }];
  }
  if (target.snapshot === null) {
    // Plants do not stand still because somebody moved a device: only stopping it does that.
    return planCommitted(facts, target);
  }
  const releaseId = releaseIdOf(target.snapshot);
  const { committed, running, before, isUnwanted } = facts;
  const why = isUnwanted ? 'asked' : running?.releaseId === releaseId && running.isBroken ? 'broken' : null;
  if (committed?.id === releaseId && why !== null && before !== null && before.id !== releaseId) {
    return [{ type: 'return', from: committed, to: before, retries: target.retries, why }];
  }
  if (committed?.id === releaseId || isGivenUp(facts.failed, target)) {
    return planCommitted(facts, target);
  }
  return planUpdate(facts, target.snapshot, target);
}

/** What to do while a step has to wait to be tried again: what is there runs. */
export function planMeanwhile(facts: DeviceFacts, target: DeviceTarget | null): Step[] {
  const isWanted = target === null || target.desired === 'running';
  const isDeveloper = target?.mode === 'developer' || facts.developer.hasWorkspace;
  const meanwhile = startable(facts);
  if (!isWanted || isDeveloper || meanwhile === null || facts.running !== null) {
    return [];
  }
  const surroundings = target === null ? (facts.launchedWith ?? NO_SURROUNDINGS) : surroundingsOf(target);
  return [{ type: 'start', releaseId: meanwhile.id, surroundings }];
}
