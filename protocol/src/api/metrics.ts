import { z } from 'zod';
import { Id, Time } from '../names.ts';
import { operation } from '../operation.ts';

export const MetricsPoint = z.object({
  /** The begin of the step. */
  at: Time,
  /** On average; one core is 100. */
  cpuPercent: z.number(),
  /** The most in the step. */
  memoryBytes: z.number(),
  /** The longest that the event loop was blocked. */
  eventLoopDelayMs: z.number(),
  /** Messages that nodes sent in the step. */
  messages: z.number(),
  /** HTTP requests to flows in the step. */
  requests: z.number(),
});
export type MetricsPoint = z.infer<typeof MetricsPoint>;

export const InstanceMetricsView = z.object({
  stepSeconds: z.number().int(),
  memoryLimitBytes: z.number(),
  cpuLimitPercent: z.number().nullable(),
  /** Oldest first; steps in which it did not run are left out. */
  items: z.array(MetricsPoint),
});
export type InstanceMetricsView = z.infer<typeof InstanceMetricsView>;

export const getInstanceMetrics = operation('getInstanceMetrics', {
  method: 'GET',
  path: '/instances/:id/metrics',
  summary: 'What an instance used and did, by the minute, over the last hours',
  params: z.strictObject({ id: Id }),
  query: z.strictObject({ hours: z.coerce.number().int().min(1).max(24).default(1) }),
  response: InstanceMetricsView,
});

export const DeviceMetricsView = z.object({
  stepSeconds: z.number().int(),
  /** All the memory of the machine; null while that is not known. */
  memoryLimitBytes: z.number().nullable(),
  /** Oldest first; steps in which Node-RED did not run are left out. */
  items: z.array(MetricsPoint),
});
export type DeviceMetricsView = z.infer<typeof DeviceMetricsView>;

export const getDeviceMetrics = operation('getDeviceMetrics', {
  method: 'GET',
  path: '/devices/:id/metrics',
  summary:
    'What Node-RED on a device used and did, by the minute, also while it was offline, once it is back',
  params: z.strictObject({ id: Id }),
  query: z.strictObject({ hours: z.coerce.number().int().min(1).max(24).default(1) }),
  response: DeviceMetricsView,
});
