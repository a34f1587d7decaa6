import { z } from 'zod';
import { Id, Time } from '../names.ts';
import { operation } from '../operation.ts';

export const TIMELINE_KINDS = ['deploy', 'snapshot', 'push', 'settings', 'trouble'] as const;
export const TimelineKind = z.enum(TIMELINE_KINDS);
export type TimelineKind = z.infer<typeof TimelineKind>;

export const TimelineEntry = z.object({
  id: Id,
  at: Time,
  kind: TimelineKind,
  /** The event of the audit log; for snapshots `snapshot.created`, for pushes `stage.pushed`. */
  event: z.string(),
  /** Who did it. */
  actor: z.string(),
  /** What there is to say besides. */
  text: z.string(),
  /** The snapshot that was taken. */
  snapshotId: Id.nullable(),
  /** The push, where one may see it. */
  deploymentId: Id.nullable(),
});
export type TimelineEntry = z.infer<typeof TimelineEntry>;

const TimelineQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** The id of an entry: those before it are given. */
  before: Id.optional(),
  kind: TimelineKind.optional(),
});
export type TimelineQuery = z.infer<typeof TimelineQuery>;

const Timeline = z.object({ items: z.array(TimelineEntry), more: z.boolean() });
const IdParams = z.strictObject({ id: Id });

export const getInstanceTimeline = operation('getInstanceTimeline', {
  method: 'GET',
  path: '/instances/:id/timeline',
  summary:
    'Deploys, snapshots, pushes, changes of settings, and crashes of an instance on one line, newest first',
  params: IdParams,
  query: TimelineQuery,
  response: Timeline,
});

export const getDeviceTimeline = operation('getDeviceTimeline', {
  method: 'GET',
  path: '/devices/:id/timeline',
  summary: 'Snapshots, pushes, changes of settings and failures of a device on one line, newest first',
  params: IdParams,
  query: TimelineQuery,
  response: Timeline,
});
