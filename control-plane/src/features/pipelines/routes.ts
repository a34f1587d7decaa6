import {
  createPipeline,
  createStage,
  deletePipeline,
  deleteStage,
  deployStage,
  dryRunStage,
  getPipeline,
  getPipelineRights,
  listPipelines,
  listTeamPipelines,
  updatePipeline,
  updateStage,
} from '@flowyard/protocol';
import type { Access } from '../../access/authorize.ts';
import { may, type Route, route } from '../../http/route.ts';
import { type DeploymentRouteParts, deploymentRoutes } from './deployment-routes.ts';
import type { DryRunService } from './dry-run.ts';
import type { PipelineService } from './service.ts';
import type { StageService } from './stage-service.ts';
import { triggerRoutes } from './trigger-routes.ts';
import type { TriggerService } from './trigger-service.ts';

interface Parts extends DeploymentRouteParts {
  pipelines: PipelineService;
  dryRuns: DryRunService;
  triggers: TriggerService;
  stages: StageService;
  access: Access;
}

export function pipelineRoutes(parts: Parts): Route[] {
  const { pipelines, dryRuns, stages, stageRights, pushGate, deployments, access } = parts;
  return [
    route(listPipelines, may('pipeline:read', 'application'), ({ params, query }) =>
      pipelines.list({ applicationId: params.id }, query),
    ),
    route(listTeamPipelines, may('pipeline:read', 'team'), async ({ actor, params, query }) =>
      pipelines.list(
        { teamId: params.id, hidden: await access.hiddenApplications(actor, params.id, 'pipeline:read') },
        query,
      ),
    ),
    route(createPipeline, may('pipeline:edit', 'application'), ({ actor, params, body, scope }) =>
      pipelines.create(actor, { teamId: scope.teamId, applicationId: params.id }, body.name),
    ),
    route(getPipeline, may('pipeline:read', 'pipeline'), ({ params }) => pipelines.view(params.id)),
    route(getPipelineRights, may('pipeline:read', 'pipeline'), async ({ actor, params }) => ({
      stages: await stageRights.ofPipeline(actor, params.id),
    })),
    route(updatePipeline, may('pipeline:edit', 'pipeline'), ({ actor, params, body }) =>
      pipelines.rename(actor, params.id, body.name),
    ),
    route(deletePipeline, may('pipeline:edit', 'pipeline'), ({ actor, params }) =>
      pipelines.delete(actor, params.id),
    ),
    route(createStage, may('pipeline:edit', 'pipeline'), async ({ actor, params, body }) => {
      await stages.add(actor, params.id, body);
      return pipelines.view(params.id);
    }),
    route(updateStage, may('pipeline:edit', 'stage'), async ({ actor, params, body }) =>
      pipelines.view(await stages.update(actor, params.id, body)),
    ),
    route(deleteStage, may('pipeline:edit', 'stage'), ({ actor, params }) => stages.remove(actor, params.id)),
    route(dryRunStage, may('pipeline:read', 'stage'), ({ actor, params, query }) =>
      dryRuns.read(actor, params.id, query.snapshotId),
    ),
    route(deployStage, may('pipeline:deploy', 'stage'), async ({ actor, params, body }) => {
      await pushGate.pass(actor, params.id, body.snapshotId);
      return { deployment: await deployments.push(actor, params.id, body) };
    }),
    ...deploymentRoutes(parts),
    ...triggerRoutes(parts),
  ];
}
