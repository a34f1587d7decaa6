import { z } from 'zod';

/** What a person sees of an instance or device: one vocabulary for page, sidebar, API and alerts. */
export const RUNTIME_STATUSES = [
  'created',
  'waiting',
  'starting',
  'running',
  'updating',
  'safe',
  'drift',
  'stopping',
  'stopped',
  'suspended',
  'crashed',
  'error',
  'offline',
  'never',
] as const;
export const RuntimeStatus = z.enum(RUNTIME_STATUSES);
export type RuntimeStatus = z.infer<typeof RuntimeStatus>;

/** Statuses that need somebody to look. */
export const NEEDS_ATTENTION: ReadonlySet<RuntimeStatus> = new Set<RuntimeStatus>([
  'safe',
  'drift',
  'crashed',
  'error',
  'offline',
]);

/** States in which a hosted instance can be. */
export const INSTANCE_STATES = [
  'created',
  'starting',
  'running',
  'safe',
  'stopping',
  'stopped',
  'suspended',
  'crashed',
  'error',
  'importing',
] as const;
export const InstanceState = z.enum(INSTANCE_STATES);
export type InstanceState = z.infer<typeof InstanceState>;

/** Where a change of the stack or type of an instance stands. */
export const INSTANCE_CHANGE_STATES = [
  'planned',
  'snapshotting',
  'stopping',
  'starting',
  'checking',
  'returning',
  'succeeded',
  'returned',
  'failed',
] as const;
export const InstanceChangeState = z.enum(INSTANCE_CHANGE_STATES);
export type InstanceChangeState = z.infer<typeof InstanceChangeState>;

export const Desired = z.enum(['running', 'stopped', 'suspended']);
export type Desired = z.infer<typeof Desired>;

/** What a device says of itself. `idle` has neither a target nor anything that it ran before. */
export const DEVICE_STATES = [
  'idle',
  'updating',
  'starting',
  'running',
  'stopped',
  'suspended',
  'crashed',
  'error',
] as const;
export const DeviceState = z.enum(DEVICE_STATES);
export type DeviceState = z.infer<typeof DeviceState>;

/** `fleet`: it runs its target and has no editor. `developer`: it ignores its target, and people edit on it. */
export const DEVICE_MODES = ['fleet', 'developer'] as const;
export const DeviceMode = z.enum(DEVICE_MODES);
export type DeviceMode = z.infer<typeof DeviceMode>;

export const Presence = z.enum(['online', 'offline', 'never']);
export type Presence = z.infer<typeof Presence>;

interface DeviceFacts {
  mode: DeviceMode;
  presence: Presence;
  state: DeviceState;
  targetSnapshotId: string | null;
  runningSnapshotId: string | null;
}

/** The one place that decides how a device is called. An offline device is never shown as running. */
export function deviceStatus(device: DeviceFacts): RuntimeStatus {
  if (device.presence !== 'online') {
    return device.presence;
  }
  if (device.state === 'idle') {
    return 'waiting';
  }
  // In developer mode the target is not what it should run; without a target that is what it ran before.
  const isOff =
    device.mode === 'fleet' &&
    device.targetSnapshotId !== null &&
    device.targetSnapshotId !== device.runningSnapshotId;
  if (device.state === 'running' && isOff) {
    return 'drift';
  }
  return device.state;
}

/** The one place that decides how a hosted instance is called. */
export function instanceStatus(state: InstanceState): RuntimeStatus {
  return state === 'importing' ? 'starting' : state;
}
