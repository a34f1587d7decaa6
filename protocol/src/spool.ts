import { z } from 'zod';
import { LogLine } from './api/instances.ts';

/**
 * What a device writes to its disk until it is delivered. There are two streams, each with its own numbers: events
 * must not wait for metrics, and metrics are dropped first.
 */
export const SPOOL_STREAMS = ['events', 'metrics'] as const;
export const SpoolStreamName = z.enum(SPOOL_STREAMS);
export type SpoolStreamName = z.infer<typeof SpoolStreamName>;

/** What agents tell of themselves, each `device.NAME` in the audit log. */
export const SPOOLED_EVENTS = [
  'agent-started',
  'agent-stopped',
  'running',
  'stopped',
  'suspended',
  'crashed',
  'error',
  'update-started',
  'update-committed',
  /** With who did it in the editor: `userId` and `username`. */
  'flows-deployed',
  'editor-changed',
  'update-failed',
  'mode-changed',
] as const;

export const LOG_LINES_WITH_FAILURE = 100;

export const SpooledEvent = z.object({
  event: z.string().max(60),
  details: z.record(z.string(), z.unknown()).default({}),
  /** The end of the log, with what failed. */
  log: z.array(LogLine).max(LOG_LINES_WITH_FAILURE).default([]).catch([]),
});
export type SpooledEvent = z.infer<typeof SpooledEvent>;

const Amount = z.number().min(0).max(Number.MAX_SAFE_INTEGER);

/** What Node-RED used and did in one minute. */
export const SpooledMinute = z.object({
  cpuPercent: Amount,
  memoryBytes: Amount,
  eventLoopDelayMs: Amount,
  messages: Amount,
  requests: Amount,
});
export type SpooledMinute = z.infer<typeof SpooledMinute>;

export const SpoolEntry = z.object({
  /** Counts up by one in its stream; a gap is what was lost. */
  seq: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER),
  /** By the clock of the device. */
  at: z.iso.datetime(),
  /** How long ago that was, whatever became of the clock meanwhile; null when the machine was started again since. */
  ageMs: z.number().min(0).nullable().default(null).catch(null),
  body: z.record(z.string(), z.unknown()),
});
export type SpoolEntry = z.infer<typeof SpoolEntry>;
