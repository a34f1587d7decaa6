import { z } from 'zod';
import { Id, Time } from '../names.ts';
import { ListQuery, operation, pageOf } from '../operation.ts';
import { Reference } from './instances.ts';

const IdParams = z.strictObject({ id: Id });

/**
 * `planned`: until somebody approves it; `waiting`: for its start, its maintenance window, or a moment only; `halted`: it
 * stopped itself since too many targets failed. The last four are ends.
 */
export const DeploymentState = z.enum([
  'planned',
  'waiting',
  'running',
  'paused',
  'halted',
  'succeeded',
  'failed',
  'aborted',
  'rolled-back',
]);
export type DeploymentState = z.infer<typeof DeploymentState>;

/** States in which a deployment can still change. */
export const UNFINISHED_DEPLOYMENTS: readonly DeploymentState[] = [
  'planned',
  'waiting',
  'running',
  'paused',
  'halted',
];

export const DeploymentTargetState = z.enum(['waiting', 'updating', 'succeeded', 'failed', 'skipped']);
export type DeploymentTargetState = z.infer<typeof DeploymentTargetState>;

export const DeploymentView = z.object({
  id: Id,
  pipelineId: Id,
  applicationId: Id,
  from: Reference,
  to: Reference,
  snapshot: Reference,
  state: DeploymentState,
  /** Why it ended as it did, for people. */
  message: z.string().nullable(),
  author: z.string(),
  targets: z.array(
    z.object({
      kind: z.enum(['instance', 'device']),
      id: Id,
      name: z.string(),
      wave: z.number().int(),
      state: DeploymentTargetState,
      reason: z.string().nullable(),
    }),
  ),
  createdAt: Time,
  finishedAt: Time.nullable(),
});
export type DeploymentView = z.infer<typeof DeploymentView>;

export const listDeployments = operation('listDeployments', {
  method: 'GET',
  path: '/pipelines/:id/deployments',
  summary: 'Deployments of a pipeline, newest first',
  params: IdParams,
  query: ListQuery,
  response: pageOf(DeploymentView),
});

export const getDeployment = operation('getDeployment', {
  method: 'GET',
  path: '/deployments/:id',
  summary: 'One deployment with every target',
  params: IdParams,
  response: DeploymentView,
});

export const controlDeployment = operation('controlDeployment', {
  method: 'POST',
  path: '/deployments/:id/actions',
  summary: 'Abort a deployment: targets that wait are left as they are',
  params: IdParams,
  body: z.strictObject({ action: z.enum(['abort']) }),
  response: DeploymentView,
  status: 202,
});
