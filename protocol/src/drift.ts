import { z } from 'zod';
import type { Desired, DeviceMode, DeviceState, Presence } from './status.ts';

/** Why a device does not run its target. */
export const DRIFT_KINDS = [
  'never',
  'offline',
  'developer',
  'failed',
  'stopped',
  'unaware',
  'updating',
  'waiting',
  'broken',
  'unknown',
] as const;
export const Drift = z.object({
  kind: z.enum(DRIFT_KINDS),
  /** For people, in one sentence or two. */
  text: z.string(),
});
export type Drift = z.infer<typeof Drift>;

export interface DriftFacts {
  presence: Presence;
  lastSeenAt: string | null;
  mode: DeviceMode;
  desired: Desired;
  state: DeviceState;
  step: string | null;
  reason: string | null;
  /** Of the target, and of the one that the device last knew. */
  generation: number;
  knownGeneration: number;
  target: { id: string; name: string } | null;
  running: { id: string; name: string } | null;
  failedSnapshotId: string | null;
  agentVersion: string | null;
}

const MOST = 300;
/** Agents begin the reason with it; here it would be said twice. */
const AS_AGENTS_SAY = /^Snapshot ".*?" was tried and given up: /;

/** How agents begin their reason while somebody at the machine edits what runs. */
export const EMERGENCY_REASON = 'Its emergency editor was opened at the machine';

/** Whether somebody at the machine edits what runs, by what its agent says. */
export function isEmergencyReason(reason: string | null): boolean {
  return reason?.startsWith(EMERGENCY_REASON) === true;
}

function firstLine(text: string | null): string {
  const [line = ''] = (text ?? '').trim().split('\n');
  return line.length > MOST ? `${line.slice(0, MOST - 1)}…` : line;
}

function quoted(snapshot: { name: string } | null): string {
  return snapshot === null ? 'nothing' : `“${snapshot.name}”`;
}

/** The one place that says why a device does not run its target; null when it does, or has none: then it goes on with what it ran. */
export function driftOf(device: DriftFacts): Drift | null {
  const { target, running } = device;
  if (device.mode === 'fleet' && device.presence === 'online' && isEmergencyReason(device.reason)) {
    return { kind: 'developer', text: firstLine(device.reason) };
  }
  if ((target === null || target.id === running?.id) && device.mode === 'fleet') {
    return null;
  }
  if (device.mode === 'developer') {
    return {
      kind: 'developer',
      text: 'It is in developer mode and does not follow its target until that ends.',
    };
  }
  if (device.presence === 'never') {
    return { kind: 'never', text: 'It never connected. Start its agent; then it takes its target.' };
  }
  if (device.presence === 'offline') {
    const since =
      device.lastSeenAt === null ? '' : ` since ${device.lastSeenAt.slice(0, 16).replace('T', ' ')} UTC`;
    return {
      kind: 'offline',
      text: `It is offline${since} and ran ${quoted(running)} when it was last seen. It takes its target when it is back.`,
    };
  }
  return driftWhileOnline(device);
}

function driftWhileOnline(device: DriftFacts): Drift {
  const { target, state, step, reason, desired } = device;
  const why = firstLine(reason);
  if (target !== null && device.failedSnapshotId === target.id) {
    const detail = why.replace(AS_AGENTS_SAY, '');
    return {
      kind: 'failed',
      text: `${quoted(target)} was tried and given up.${detail && ` ${detail}`} Try it again, or set another target.`,
    };
  }
  if (desired !== 'running') {
    return { kind: 'stopped', text: `It is ${desired}: it takes its target when it is started.` };
  }
  if (device.knownGeneration < device.generation) {
    const agent = device.agentVersion === null ? 'Its agent' : `Its agent (version ${device.agentVersion})`;
    return {
      kind: 'unaware',
      text: `${agent} has not taken up the newest target. Is it too old, or its disk full? Look at its log, or update it.`,
    };
  }
  if (state === 'updating' || state === 'starting') {
    return { kind: 'updating', text: `It is being updated${step === null ? '' : `: ${step}`}.` };
  }
  if (state === 'crashed' || state === 'error') {
    return { kind: 'broken', text: why === '' ? 'Node-RED does not run as it should.' : why };
  }
  if (why !== '') {
    return { kind: 'waiting', text: why };
  }
  return {
    kind: 'unknown',
    text: `It runs ${quoted(device.running)} and does not say why. Restart it, or look at its log.`,
  };
}
