import type { RuntimeStatus } from '@flowyard/protocol';

/** The statuses that a device can have. Written down here, since the editor must not load the whole protocol. */
export const STATUSES = [
  'waiting',
  'starting',
  'running',
  'updating',
  'drift',
  'stopped',
  'suspended',
  'crashed',
  'error',
  'offline',
  'never',
] as const satisfies readonly RuntimeStatus[];
