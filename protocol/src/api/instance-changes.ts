import { z } from 'zod';
import { Id, Time } from '../names.ts';
import { ListQuery, operation, pageOf } from '../operation.ts';
import { InstanceChangeState, RuntimeStatus } from '../status.ts';
import { InstanceView, Reference } from './instances.ts';

const IdParams = z.strictObject({ id: Id });

const RunsOn = z.object({ stack: Reference, instanceType: Reference });

export const InstanceChangeView = z.object({
  id: Id,
  instance: Reference,
  /** A trial only looks whether a copy runs well; it does not go back. */
  kind: z.enum(['change', 'trial']),
  state: InstanceChangeState,
  from: RunsOn,
  to: RunsOn,
  /** Why it did not go well, or what there is to say about it. */
  message: z.string().nullable(),
  /** The last lines of the log when it did not go well. */
  log: z.array(z.string()),
  /** Taken before anything was changed. */
  snapshot: Reference.nullable(),
  author: z.string(),
  createdAt: Time,
  finishedAt: Time.nullable(),
});
export type InstanceChangeView = z.infer<typeof InstanceChangeView>;

export const changeInstance = operation('changeInstance', {
  method: 'POST',
  path: '/instances/:id/changes',
  summary:
    'Move an instance to another stack or type; it goes back by itself when it does not run well there',
  params: IdParams,
  body: z.strictObject({ stackId: Id.optional(), instanceTypeId: Id.optional() }),
  response: InstanceChangeView,
  status: 202,
});

export const listInstanceChanges = operation('listInstanceChanges', {
  method: 'GET',
  path: '/instances/:id/changes',
  summary: 'Changes of stack and type of an instance, newest first',
  params: IdParams,
  query: ListQuery,
  response: pageOf(InstanceChangeView),
});

export const tryStack = operation('tryStack', {
  method: 'POST',
  path: '/instances/:id/trials',
  summary:
    'Make a copy of an instance on another stack and see whether it runs well; it is deleted after a day',
  params: IdParams,
  body: z.strictObject({ stackId: Id }),
  response: InstanceView,
  status: 201,
});

export const StackInstanceView = z.object({
  id: Id,
  name: z.string(),
  team: Reference,
  application: Reference,
  status: RuntimeStatus,
  /** Whether the person may move it to another stack. */
  mayChange: z.boolean(),
  change: z.object({ id: Id, state: InstanceChangeState, stack: z.string() }).nullable(),
});
export type StackInstanceView = z.infer<typeof StackInstanceView>;

export const listStackInstances = operation('listStackInstances', {
  method: 'GET',
  path: '/stacks/:id/instances',
  summary: 'Instances that run a stack, as far as the person may see them',
  params: IdParams,
  response: z.object({ items: z.array(StackInstanceView) }),
});

export const changeStackInstances = operation('changeStackInstances', {
  method: 'POST',
  path: '/stacks/:id/changes',
  summary: 'Move several instances of a stack to another one, one after the other',
  params: IdParams,
  body: z.strictObject({
    stackId: Id,
    instanceIds: z.array(Id).min(1, 'names no instance').max(200, 'names more than 200 instances'),
  }),
  response: z.object({ items: z.array(InstanceChangeView) }),
  status: 202,
});
