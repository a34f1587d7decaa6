import { z } from 'zod';
import { Id, Time } from '../names.ts';
import { NoContent, operation } from '../operation.ts';
import { NodeCount } from '../runtime.ts';

/** For how many minutes messages may be counted. */
export const COUNT_MINUTES = [1, 5, 15] as const;

/**
 * Why a count is over: its time was up, somebody ended it, Node-RED was stopped or started again, its process was not
 * heard of any more, or it never answered because it was started by an older Flowyard.
 */
export const COUNT_ENDS = ['time', 'ended', 'stopped', 'lost', 'silent'] as const;

export const NodeCountsView = z.object({
  /** `none`: nothing was counted lately. */
  state: z.enum(['none', 'counting', 'over']),
  startedAt: Time.nullable(),
  /** When it ends by itself, or ended. */
  endsAt: Time.nullable(),
  /** Null while it counts. */
  end: z.enum(COUNT_ENDS).nullable(),
  /** Since its begin. */
  elapsedMs: z.number(),
  /** How many nodes had messages. */
  nodesSeen: z.number().int(),
  /** The busiest, with what they did since the begin. */
  nodes: z.array(NodeCount),
});
export type NodeCountsView = z.infer<typeof NodeCountsView>;

export const getNodeCounts = operation('getNodeCounts', {
  method: 'GET',
  path: '/instances/:id/node-counts',
  summary:
    'How many messages each node had while they are or were counted; live in the topic instance/ID/counts',
  params: z.strictObject({ id: Id }),
  response: NodeCountsView,
});

export const startNodeCounts = operation('startNodeCounts', {
  method: 'POST',
  path: '/instances/:id/node-counts',
  summary: 'Count messages by node for some minutes; a count that is under way goes on and is the answer',
  params: z.strictObject({ id: Id }),
  body: z.strictObject({ minutes: z.literal(COUNT_MINUTES, 'must be 1, 5 or 15') }),
  response: NodeCountsView,
});

export const endNodeCounts = operation('endNodeCounts', {
  method: 'DELETE',
  path: '/instances/:id/node-counts',
  summary: 'End the count of messages, for everybody who looks at it',
  params: z.strictObject({ id: Id }),
  response: NoContent,
  status: 204,
});
