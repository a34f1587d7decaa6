import { z } from 'zod';
import { ContentsComparison } from '../compare/contents-comparison.ts';
import { Id } from '../names.ts';
import { operation } from '../operation.ts';
import { Reference } from './instances.ts';

/**
 * What a push does to one target: `nothing` differs; `flows` are taken over while Node-RED runs; it is `restart`ed;
 * modules are `install`ed first, and then it is restarted; it does not take the snapshot yet (`later`).
 */
export const PushEffect = z.enum(['nothing', 'flows', 'restart', 'install', 'later']);
export type PushEffect = z.infer<typeof PushEffect>;

export const DryRunView = z.object({
  from: Reference,
  to: Reference,
  /** Null when it is taken only at the push, of what is deployed then. */
  snapshot: Reference.nullable(),
  /** What the target is compared as: a hosted instance, a device, or what a group should run; null when it has nothing yet. */
  current: Reference.nullable(),
  /** What differs at the target afterwards. Values of variables and settings do not move, so they never do. */
  comparison: ContentsComparison,
  /** Variables that the snapshot has, and that have no value at the target. */
  missingVariables: z.array(z.string()),
  /** How many targets there are for each effect. */
  effects: z.object({
    nothing: z.number().int(),
    flows: z.number().int(),
    restart: z.number().int(),
    install: z.number().int(),
    later: z.number().int(),
  }),
  /** The first two hundred. */
  targets: z.array(
    z.object({
      kind: z.enum(['instance', 'device']),
      id: Id,
      name: z.string(),
      effect: PushEffect,
      reason: z.string().nullable(),
    }),
  ),
  /** What stands against the push now, for people; empty when it can be made. */
  refusals: z.array(z.object({ code: z.string(), message: z.string() })),
  /** Whether the push waits until a second person approves it. */
  needsApproval: z.boolean(),
});
export type DryRunView = z.infer<typeof DryRunView>;

export const dryRunStage = operation('dryRunStage', {
  method: 'GET',
  path: '/stages/:id/dry-run',
  summary: 'What a push from this stage would change at the next one; changes nothing',
  params: z.strictObject({ id: Id }),
  query: z.strictObject({ snapshotId: Id.optional() }),
  response: DryRunView,
});
