import {
  type DeviceCurrent,
  type DeviceTarget,
  EMERGENCY_REASON,
  type FlowState,
  NO_FLOW_STATE,
} from '@flowyard/protocol';
import { WORKSPACE } from './developer/workspace.ts';
import { isEmergency } from './emergency/plan-emergency.ts';
import { type DeviceFacts, isGivenUp, isWhole, type Readiness, standIn } from './plan-steps.ts';

/** What Node-RED does, as seen by what runs it. */
export interface RuntimeView {
  state: 'starting' | 'running' | 'crashed' | 'error' | 'stopping';
  reason: string | null;
  step: string | null;
  nodeRed: string | null;
  /** It crashed too often in a row: its flows stand still. */
  isBroken: boolean;
  /** What its flows say of their health and of updates. */
  flow: FlowState;
}

/** What the agent is busy with. */
export interface Phase {
  step: string;
  progress: number | null;
}

export interface Situation {
  target: DeviceTarget | null;
  /** Null until the agent has looked. */
  facts: DeviceFacts | null;
  runtime: RuntimeView | null;
  phase: Phase | null;
  /** Why something that was tried will be tried again. */
  notice: string | null;
  isEdited: boolean;
}

const MAX_REASON = 20_000;
const MAX_STEP = 300;

function cut(text: string | null, length: number): string | null {
  return text === null || text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** What the release that should run lacks; null when it lacks nothing. */
function describeDamage(facts: DeviceFacts | null): string | null {
  if (facts?.committed == null || isWhole(facts.committedReady)) {
    return null;
  }
  const { committed, committedReady, running } = facts;
  const instead = standIn(facts);
  const names: Record<keyof Readiness, string> = {
    nodeRed: `Node-RED ${committed.snapshot.manifest.nodeRed}`,
    modules: 'its modules',
    release: 'its own files',
  };
  const missing = Object.entries(names).flatMap(([part, name]) =>
    committedReady[part as keyof Readiness] ? [] : [name],
  );
  const damage = `On this device, snapshot "${committed.snapshot.name}" lacks ${missing.join(', ')}: damaged or deleted on disk.`;
  return instead !== null && running?.releaseId === instead.id
    ? `${damage} Until that is repaired, snapshot "${instead.snapshot.name}" runs.`
    : damage;
}

function stateOf(
  { target, facts, runtime, phase }: Situation,
  failure: string | null,
  damage: string | null,
): DeviceCurrent['state'] {
  if (phase !== null) {
    return 'updating';
  }
  if (runtime !== null) {
    return runtime.state === 'stopping' ? 'running' : runtime.state;
  }
  if (target !== null && target.desired !== 'running') {
    return target.desired;
  }
  const isEdited = target?.mode === 'developer' || isEmergency(facts?.emergency ?? null, target);
  if (isEdited && facts?.developer.base != null) {
    return 'starting';
  }
  const hasNothing = (facts?.committed ?? null) === null;
  if (hasNothing && (target === null || target.snapshot === null)) {
    return 'idle';
  }
  return (failure !== null && hasNothing) || damage !== null ? 'error' : 'starting';
}

/** The snapshot that runs, or would if it were not stopped. */
function snapshotOf(facts: DeviceFacts | null): string | null {
  const instead = facts === null ? null : standIn(facts);
  const isStandIn = instead !== null && facts?.running?.releaseId === instead.id;
  return (isStandIn ? instead : facts?.committed)?.snapshot.id ?? null;
}

/** Developer mode begins when the release gives way to what is edited, and ends when that is set aside. */
function modeOf({ facts, isEdited }: Situation): Pick<DeviceCurrent, 'mode' | 'edited'> {
  const running = facts?.running?.releaseId ?? null;
  const isDeveloper = running === WORKSPACE || (running === null && facts?.developer.hasWorkspace === true);
  return { mode: isDeveloper ? 'developer' : 'fleet', edited: isDeveloper && isEdited };
}

/** What keeps the device from its target while somebody at the machine edits. */
function describeEmergency({ target, facts }: Situation): string | null {
  const emergency = facts?.emergency ?? null;
  if (emergency === null || !isEmergency(emergency, target)) {
    return null;
  }
  const until = new Date(emergency.until).toISOString().slice(0, 16).replace('T', ' ');
  return `${EMERGENCY_REASON}, until ${until} UTC: what is edited there runs, not its target.`;
}

/** What the device says of itself: the one place that decides it. */
export function describeCurrent(situation: Situation): DeviceCurrent {
  const { target, facts, runtime, phase, notice } = situation;
  const failed = facts?.failed ?? null;
  const givenUp = failed !== null && target !== null && isGivenUp(failed, target) ? failed : null;
  const failure =
    givenUp === null
      ? null
      : `Snapshot "${target?.snapshot?.name}" was tried and given up: ${givenUp.reason}`;
  const damage = describeDamage(facts);
  const state = stateOf(situation, failure, damage);
  const emergency = describeEmergency(situation);
  const reason = [emergency, runtime?.reason ?? null, failure, damage, notice].filter(
    (text) => text !== null,
  );
  return {
    generation: target?.generation ?? 0,
    state,
    snapshotId: state === 'idle' ? null : snapshotOf(facts),
    step: cut(phase?.step ?? runtime?.step ?? null, MAX_STEP),
    progress: phase?.progress ?? null,
    reason: reason.length === 0 ? null : cut(reason.join('\n\n'), MAX_REASON),
    failedSnapshotId: givenUp?.snapshotId ?? null,
    nodeRed: runtime?.nodeRed ?? null,
    ...modeOf(situation),
    flow: runtime?.flow ?? NO_FLOW_STATE,
  };
}
