import { z } from 'zod';
import { Id, Time } from '../names.ts';
import { NoContent, operation } from '../operation.ts';
import { Schedule } from '../schedule.ts';
import { TimeZone } from '../setting-values.ts';

const IdParams = z.strictObject({ id: Id });

/** What pushes from a stage by itself: a request, a snapshot that somebody takes, or the time. */
export const TriggerKind = z.enum(['webhook', 'snapshot', 'schedule']);
export type TriggerKind = z.infer<typeof TriggerKind>;

export const TriggerView = z.object({
  id: Id,
  kind: TriggerKind,
  /** When a schedule pushes, as five fields of cron; null for others. */
  cron: z.string().nullable(),
  timeZone: z.string().nullable(),
  /** Who made it: pushes are made in their name, with what they may at that moment. */
  author: z.string(),
  nextAt: Time.nullable(),
  lastAt: Time.nullable(),
  /** Why the last push was not made; null when it was. */
  lastProblem: z.string().nullable(),
  createdAt: Time,
});
export type TriggerView = z.infer<typeof TriggerView>;

export const listTriggers = operation('listTriggers', {
  method: 'GET',
  path: '/stages/:id/triggers',
  summary: 'What pushes from a stage by itself',
  params: IdParams,
  response: z.object({ items: z.array(TriggerView) }),
});

export const createTrigger = operation('createTrigger', {
  method: 'POST',
  path: '/stages/:id/triggers',
  summary: 'Let a webhook, a snapshot or a schedule push from a stage, in your name',
  params: IdParams,
  body: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('webhook') }),
    z.strictObject({ kind: z.literal('snapshot') }),
    z.strictObject({ kind: z.literal('schedule'), cron: Schedule, timeZone: TimeZone.default('UTC') }),
  ]),
  /** The path of a webhook holds its secret, and is shown only here. */
  response: z.object({ trigger: TriggerView, webhookPath: z.string().nullable() }),
  status: 201,
});

export const deleteTrigger = operation('deleteTrigger', {
  method: 'DELETE',
  path: '/stages/:id/triggers/:triggerId',
  summary: 'Take away what pushes from a stage by itself',
  params: z.strictObject({ id: Id, triggerId: Id }),
  response: NoContent,
  status: 204,
});

export const pullTrigger = operation('pullTrigger', {
  method: 'POST',
  path: '/triggers/:token',
  summary: 'The webhook of a stage: pushes its snapshot to the next stage',
  params: z.strictObject({ token: z.string().min(1).max(100) }),
  body: z.strictObject({ snapshotId: Id.optional() }),
  response: z.object({ deploymentId: Id, state: z.string() }),
  status: 202,
});
