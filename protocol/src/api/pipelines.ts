import { z } from 'zod';
import { DisplayName, Id, Time } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { RuntimeStatus } from '../status.ts';
import { DeploymentView } from './deployments.ts';
import { Reference } from './instances.ts';
import { RolloutChanges, RolloutPolicy } from './rollouts.ts';

const IdParams = z.strictObject({ id: Id });

/** What a push from a stage takes: a new snapshot, the newest one, what runs there, or the one that is named. */
export const StageAction = z.enum(['create', 'latest', 'active', 'prompt']);
export type StageAction = z.infer<typeof StageAction>;

export const StageTargetKind = z.enum(['instance', 'device', 'device-group']);
export type StageTargetKind = z.infer<typeof StageTargetKind>;

/** Of a group no snapshots are taken: it passes on its target, or one that is chosen. */
export const STAGE_ACTIONS: Readonly<Record<StageTargetKind, readonly StageAction[]>> = {
  instance: StageAction.options,
  device: StageAction.options,
  'device-group': ['active', 'prompt'],
};
export const NOT_OF_A_GROUP =
  'must be active or prompt for a device group: no snapshots are taken of a group. Choose active to pass on its target.';

/** Who may push into a stage: everybody who may push at all, owners, or those who are named. */
export const StagePushers = z.enum(['members', 'owners', 'people']);
export type StagePushers = z.infer<typeof StagePushers>;

/** What a push does when its snapshot asks for variables that the target has not: say so, or refuse. */
export const MissingVariables = z.enum(['warn', 'refuse']);
export type MissingVariables = z.infer<typeof MissingVariables>;

export const StageView = z.object({
  id: Id,
  name: z.string(),
  position: z.number().int(),
  action: StageAction,
  /** Whether not everybody who may push may push into it. */
  protected: z.boolean(),
  pushers: StagePushers,
  /** Those who are named, where `pushers` is `people`. */
  people: z.array(Reference),
  /** Whether a second person has to approve a push into it. */
  approval: z.boolean(),
  missingVariables: MissingVariables,
  /** How a push into it goes to its targets, unless the push says otherwise. */
  rollout: RolloutPolicy,
  /**
   * `applicationId` may be another one of the team than that of the pipeline; `protected`: a hosted instance whose flows
   * change only through a pipeline or by rolling back.
   */
  target: z.object({
    kind: StageTargetKind,
    id: Id,
    name: z.string(),
    applicationId: Id.nullable(),
    protected: z.boolean(),
  }),
  /** How the target is; for a group null, its numbers are in `devices`. */
  status: RuntimeStatus.nullable(),
  devices: z
    .object({ total: z.number().int(), online: z.number().int(), onTarget: z.number().int() })
    .nullable(),
  /** What runs there (a group: what should run there); null when it was changed since or never set. */
  snapshot: Reference.nullable(),
});
export type StageView = z.infer<typeof StageView>;

export const PipelineView = z.object({
  id: Id,
  name: z.string(),
  applicationId: Id,
  stages: z.array(StageView),
  /** The deployment that is under way or was the last one. */
  lastDeployment: DeploymentView.nullable(),
  createdAt: Time,
});
export type PipelineView = z.infer<typeof PipelineView>;

export const listPipelines = operation('listPipelines', {
  method: 'GET',
  path: '/applications/:id/pipelines',
  summary: 'Pipelines of an application with their stages',
  params: IdParams,
  query: ListQuery,
  response: pageOf(PipelineView),
});

export const listTeamPipelines = operation('listTeamPipelines', {
  method: 'GET',
  path: '/teams/:id/pipelines',
  summary: 'Pipelines of a team that the person may see',
  params: IdParams,
  query: ListQuery,
  response: pageOf(PipelineView),
});

export const createPipeline = operation('createPipeline', {
  method: 'POST',
  path: '/applications/:id/pipelines',
  summary: 'Make a pipeline',
  params: IdParams,
  body: z.strictObject({ name: DisplayName }),
  response: PipelineView,
  status: 201,
});

export const getPipeline = operation('getPipeline', {
  method: 'GET',
  path: '/pipelines/:id',
  summary: 'One pipeline with its stages',
  params: IdParams,
  response: PipelineView,
});

/** What whoever asks may do at a stage, where its target is and not only where the pipeline is. */
export const StageRightsView = z.object({
  id: Id,
  /** Into it, from the stage before. */
  mayPush: z.boolean(),
  /** What somebody else pushes into it. */
  mayApprove: z.boolean(),
  /** Why not, for people; null for who may do both. */
  whyNot: z.string().nullable(),
});
export type StageRightsView = z.infer<typeof StageRightsView>;

export const getPipelineRights = operation('getPipelineRights', {
  method: 'GET',
  path: '/pipelines/:id/rights',
  summary: 'What you may do at each stage of a pipeline',
  params: IdParams,
  response: z.object({ stages: z.array(StageRightsView) }),
});

export const updatePipeline = operation('updatePipeline', {
  method: 'PATCH',
  path: '/pipelines/:id',
  summary: 'Rename a pipeline',
  params: IdParams,
  body: z.strictObject({ name: DisplayName }),
  response: PipelineView,
});

export const deletePipeline = operation('deletePipeline', {
  method: 'DELETE',
  path: '/pipelines/:id',
  summary: 'Delete a pipeline; what its stages run goes on',
  params: IdParams,
  response: NoContent,
  status: 204,
});

const StageFields = z.strictObject({
  name: DisplayName,
  /** When left out, `create` for a hosted instance and `active` for a device or a group. */
  action: StageAction.optional(),
  pushers: StagePushers.optional(),
  /** Of the team, and allowed to push there; given where `pushers` is `people`. */
  people: z.array(Id).max(50).optional(),
  approval: z.boolean().optional(),
  missingVariables: MissingVariables.optional(),
  rollout: RolloutPolicy.optional(),
  position: z.number().int().min(0).max(100).optional(),
});

export const createStage = operation('createStage', {
  method: 'POST',
  path: '/pipelines/:id/stages',
  summary: 'Add a stage at the end or at `position`',
  params: IdParams,
  body: StageFields.extend({
    instanceId: Id.optional(),
    deviceId: Id.optional(),
    deviceGroupId: Id.optional(),
  })
    .refine((body) => [body.instanceId, body.deviceId, body.deviceGroupId].filter(Boolean).length === 1, {
      message: 'Name exactly one of instanceId, deviceId and deviceGroupId',
    })
    .refine(
      ({ deviceGroupId, action = 'active' }) =>
        deviceGroupId === undefined || STAGE_ACTIONS['device-group'].includes(action),
      { path: ['action'], message: NOT_OF_A_GROUP },
    ),
  response: PipelineView,
  status: 201,
});

export const updateStage = operation('updateStage', {
  method: 'PATCH',
  path: '/stages/:id',
  summary: 'Change a stage',
  params: IdParams,
  body: StageFields.partial(),
  response: PipelineView,
});

export const deleteStage = operation('deleteStage', {
  method: 'DELETE',
  path: '/stages/:id',
  summary: 'Remove a stage; what it runs goes on',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const deployStage = operation('deployStage', {
  method: 'POST',
  path: '/stages/:id/deploy',
  summary: "Push this stage's snapshot to the next stage",
  params: IdParams,
  body: RolloutChanges.extend({
    snapshotId: Id.optional(),
    /** When it is to begin; at once when left out. */
    startAt: Time.optional(),
  }),
  response: z.object({ deployment: DeploymentView }),
  status: 202,
});
