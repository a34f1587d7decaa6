import { z } from 'zod';
import { Id, Time } from '../names.ts';
import { ListQuery, operation, pageOf } from '../operation.ts';
import { Reference } from './instances.ts';
import { FailureBudget, RolloutPolicy } from './rollouts.ts';

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

export const DeploymentTargetState = z.enum([
  'waiting',
  'updating',
  'succeeded',
  'failed',
  'skipped',
  'returned',
]);
export type DeploymentTargetState = z.infer<typeof DeploymentTargetState>;

/** How many targets are in each state. */
export const DeploymentCounts = z.object({
  total: z.number().int(),
  waiting: z.number().int(),
  updating: z.number().int(),
  succeeded: z.number().int(),
  failed: z.number().int(),
  skipped: z.number().int(),
  returned: z.number().int(),
});
export type DeploymentCounts = z.infer<typeof DeploymentCounts>;

/** `checking`: all its targets are through, and it is watched whether they go on running well. */
export const WaveState = z.enum(['waiting', 'running', 'checking', 'done']);
export type WaveState = z.infer<typeof WaveState>;

export const WaveView = z.object({
  state: WaveState,
  counts: DeploymentCounts,
  /** While it is checked: until when. */
  checkedUntil: Time.nullable(),
});
export type WaveView = z.infer<typeof WaveView>;

export const DeploymentTargetView = z.object({
  kind: z.enum(['instance', 'device']),
  id: Id,
  name: z.string(),
  wave: z.number().int(),
  state: DeploymentTargetState,
  reason: z.string().nullable(),
  toldAt: Time.nullable(),
  changedAt: Time.nullable(),
});
export type DeploymentTargetView = z.infer<typeof DeploymentTargetView>;

export const DeploymentView = z.object({
  id: Id,
  pipelineId: Id,
  applicationId: Id,
  from: Reference,
  to: Reference,
  snapshot: Reference,
  /** What was there before the push, to be compared with it; null when nothing was, or one of the two is gone. */
  previous: Reference.nullable(),
  state: DeploymentState,
  /** Why it is or ended as it did, for people. */
  message: z.string().nullable(),
  author: z.string(),
  /** Who approved it and when; null when nobody did, or needs to. */
  approval: z.object({ name: z.string(), at: Time }).nullable(),
  policy: RolloutPolicy,
  startAt: Time.nullable(),
  /** While it waits: for when. */
  waitsUntil: Time.nullable(),
  /** Whether its targets are on their way back to what they ran before. */
  returning: z.boolean(),
  /** The number of the wave that it is at, from 0. */
  wave: z.number().int(),
  waves: z.array(WaveView),
  counts: DeploymentCounts,
  /** The first twenty targets, those that failed before all others. `/deployments/:id/targets` has them all. */
  targets: z.array(DeploymentTargetView),
  createdAt: Time,
  finishedAt: Time.nullable(),
});
export type DeploymentView = z.infer<typeof DeploymentView>;

export const DeploymentStepView = z.object({ at: Time, text: z.string() });
export type DeploymentStepView = z.infer<typeof DeploymentStepView>;

export const DeploymentAction = z.enum(['pause', 'resume', 'abort', 'rollback', 'again']);
export type DeploymentAction = z.infer<typeof DeploymentAction>;

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
  summary: 'One deployment with its waves and counts',
  params: IdParams,
  response: DeploymentView,
});

export const listDeploymentTargets = operation('listDeploymentTargets', {
  method: 'GET',
  path: '/deployments/:id/targets',
  summary: 'The targets of a deployment by name',
  params: IdParams,
  query: ListQuery.extend({
    limit: z.coerce.number().int().min(1).max(1000).default(50),
    state: DeploymentTargetState.optional(),
    /** Only those that changed since then. */
    changedSince: Time.optional(),
  }),
  response: pageOf(DeploymentTargetView),
});

export const listDeploymentSteps = operation('listDeploymentSteps', {
  method: 'GET',
  path: '/deployments/:id/steps',
  summary: 'What a deployment did and when, newest first',
  params: IdParams,
  query: ListQuery,
  response: pageOf(DeploymentStepView),
});

export const DeploymentReport = z.object({
  deployment: DeploymentView,
  steps: z.array(DeploymentStepView),
  targets: z.array(DeploymentTargetView),
});
export type DeploymentReport = z.infer<typeof DeploymentReport>;

export const getDeploymentReport = operation('getDeploymentReport', {
  method: 'GET',
  path: '/deployments/:id/report',
  summary: 'What a deployment did and what became of each target',
  params: IdParams,
  response: DeploymentReport,
});

export const exportDeploymentReport = operation('exportDeploymentReport', {
  method: 'GET',
  path: '/deployments/:id/report.csv',
  summary: 'What became of each target of a deployment, as CSV',
  params: IdParams,
  response: z.string(),
  contentType: 'text/csv',
});

export const controlDeployment = operation('controlDeployment', {
  method: 'POST',
  path: '/deployments/:id/actions',
  summary: 'Pause, resume, abort or roll back a deployment, or run it again',
  params: IdParams,
  body: z.strictObject({
    action: DeploymentAction,
    /** With `resume` after a halt: so many more may fail. Without it the budget is counted anew. */
    failureBudget: FailureBudget.nullable().optional(),
    /** With `again`: all targets, or only those that do not run the snapshot. */
    targets: z.enum(['all', 'rest']).optional(),
  }),
  response: DeploymentView,
  status: 202,
});

export const decideDeployment = operation('decideDeployment', {
  method: 'POST',
  path: '/deployments/:id/approval',
  summary: 'Approve or decline a push that waits for a second person',
  params: IdParams,
  body: z.strictObject({ approve: z.boolean(), reason: z.string().trim().max(500).optional() }),
  response: DeploymentView,
  status: 202,
});
