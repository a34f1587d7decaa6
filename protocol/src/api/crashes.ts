import { z } from 'zod';
import { Id, Time } from '../names.ts';
import { operation } from '../operation.ts';

const FlowReference = z.object({ id: z.string(), name: z.string() });

export const CrashView = z.object({
  id: Id,
  at: Time,
  /** For people: the cause, then the end of the log. */
  reason: z.string(),
  exitCode: z.number().int().nullable(),
  signal: z.string().nullable(),
  /** It did not answer any more and was ended. */
  hung: z.boolean(),
  /** In a row, this one among them. */
  crashes: z.number().int(),
  /** Whether it was started in safe mode after it. */
  safeMode: z.boolean(),
  /** The revision of the flows that crashed. */
  flowsRevision: z.number().int(),
  /** The node that it came from, where one alone did. */
  node: z.object({ id: z.string(), name: z.string(), type: z.string() }).nullable(),
  /** Flows that could be left out in limp mode. */
  flows: z.array(FlowReference),
});
export type CrashView = z.infer<typeof CrashView>;

export const listCrashes = operation('listCrashes', {
  method: 'GET',
  path: '/instances/:id/crashes',
  summary: 'The last twenty crashes of an instance, newest first',
  params: z.strictObject({ id: Id }),
  response: z.object({ items: z.array(CrashView) }),
});
