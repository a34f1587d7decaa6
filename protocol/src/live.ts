import { z } from 'zod';
import { LogLine } from './api/instances.ts';

/**
 * Messages on `/live`. A reader subscribes to topics and gets the value of each at once and again whenever it
 * changes; topics that contain others (`team/ID`, `application/ID`) also say which entity in them changed.
 *
 * Topics: `platform` (value: all stacks), `team/ID` (TeamOverview), `application/ID` (ApplicationView), `instance/ID`, `device/ID`,
 * `device-group/ID`, `pipeline/ID`, `deployment/ID` (their views),
 * `instance/ID/counts` (NodeCountsView), `notifications` (NotificationSummary of the person who reads), `instance/ID/log`, `device/ID/log` (no value; no lines at first, which
 * says that none will be missed from there on, then those that are written).
 */
export const LiveTopic = z
  .string()
  .max(100)
  .regex(
    /^(?:platform|notifications|(?:team|application|device-group|pipeline|deployment)\/[0-9a-z]+|(?:instance|device)\/[0-9a-z]+(?:\/log)?|instance\/[0-9a-z]+\/counts)$/,
    'is not a topic',
  );

export const LiveRequest = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('subscribe'), topic: LiveTopic }),
  z.strictObject({ type: z.literal('unsubscribe'), topic: LiveTopic }),
]);
export type LiveRequest = z.infer<typeof LiveRequest>;

export const LiveEntityKind = z.enum([
  'application',
  'instance',
  'device',
  'device-group',
  'pipeline',
  'deployment',
  'snapshot',
]);
export type LiveEntityKind = z.infer<typeof LiveEntityKind>;

export const LiveMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('value'), topic: z.string(), value: z.unknown() }),
  z.object({
    type: z.literal('change'),
    topic: z.string(),
    kind: LiveEntityKind,
    id: z.string(),
    /** The entity's view; null when it is gone or may no longer be seen. */
    value: z.unknown(),
  }),
  z.object({ type: z.literal('log'), topic: z.string(), lines: z.array(LogLine) }),
  z.object({
    type: z.literal('error'),
    topic: z.string().nullable(),
    error: z.object({ code: z.string(), message: z.string() }),
  }),
]);
export type LiveMessage = z.infer<typeof LiveMessage>;

/** Close codes of `/live` and `/agent`. */
export const CLOSE = {
  malformed: 4400,
  unauthorized: 4401,
  protocol: 4406,
  replaced: 4409,
  /** The identity belongs to another machine. */
  cloned: 4410,
  failed: 1011,
  shuttingDown: 1012,
} as const;
