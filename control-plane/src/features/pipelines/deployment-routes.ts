import {
  controlDeployment,
  type DeploymentAction,
  decideDeployment,
  exportDeploymentReport,
  getDeployment,
  getDeploymentReport,
  listDeploymentSteps,
  listDeployments,
  listDeploymentTargets,
} from '@flowyard/protocol';
import type { Actor } from '../../access/actor.ts';
import type { Stores } from '../../db/stores.ts';
import { may, type Route, route } from '../../http/route.ts';
import type { DeploymentActions } from './deployment-actions.ts';
import type { DeploymentApproval } from './deployment-approval.ts';
import { readReport, reportAsCsv } from './deployment-report.ts';
import type { DeploymentService } from './deployment-service.ts';
import type { PushGate } from './push-gate.ts';
import type { StageRights } from './stage-rights.ts';

export interface DeploymentRouteParts {
  deployments: DeploymentService;
  deploymentActions: DeploymentActions;
  deploymentApproval: DeploymentApproval;
  stageRights: StageRights;
  pushGate: PushGate;
  stores: Stores;
}

/** What changes targets needs the same right as the push did; who may push at all may stop any. */
const BEGINS_ANEW: ReadonlySet<DeploymentAction> = new Set(['resume', 'rollback', 'again']);

async function requireInto(
  { stores, stageRights, pushGate }: DeploymentRouteParts,
  actor: Actor,
  id: string,
  action: DeploymentAction,
) {
  const deployment = await stores.deployments.find(id);
  const stage = deployment && (await stores.pipelines.findStage(deployment.toStageId));
  if (stage && action === 'again') {
    await pushGate.passAgain(actor, stage, deployment.snapshotId);
  } else if (stage) {
    await stageRights.requireInto(actor, stage);
  }
}

/** Reading about deployments, and what is done to one. */
export function deploymentRoutes(parts: DeploymentRouteParts): Route[] {
  const { deployments, deploymentActions, deploymentApproval, stores } = parts;
  const read = may('pipeline:read', 'deployment');
  return [
    route(listDeployments, may('pipeline:read', 'pipeline'), ({ params, query }) =>
      deployments.list(params.id, query),
    ),
    route(getDeployment, read, ({ params }) => deployments.view(params.id)),
    route(listDeploymentTargets, read, ({ params, query }) => deployments.targets(params.id, query)),
    route(listDeploymentSteps, read, ({ params, query }) => deployments.steps(params.id, query)),
    route(getDeploymentReport, read, ({ params }) => readReport(stores, params.id)),
    route(exportDeploymentReport, read, async ({ params, response }) => {
      const csv = reportAsCsv(await readReport(stores, params.id));
      response.type('text/csv').attachment(`deployment-${params.id}.csv`).send(csv);
      return '';
    }),
    route(decideDeployment, may('pipeline:deploy', 'deployment'), async ({ actor, params: { id }, body }) => {
      await (body.approve
        ? deploymentApproval.approve(actor, id)
        : deploymentApproval.decline(actor, id, body.reason ?? ''));
      return deployments.view(id);
    }),
    route(
      controlDeployment,
      may('pipeline:deploy', 'deployment'),
      async ({ actor, params: { id }, body }) => {
        if (BEGINS_ANEW.has(body.action)) {
          await requireInto(parts, actor, id, body.action);
        }
        switch (body.action) {
          case 'pause':
            await deploymentActions.pause(actor, id);
            break;
          case 'resume':
            await deploymentActions.resume(actor, id, body.failureBudget);
            break;
          case 'abort':
            await deploymentActions.abort(actor, id);
            break;
          case 'rollback':
            await deploymentActions.rollBack(actor, id);
            break;
          case 'again':
            return deployments.again(actor, id, body.targets ?? 'rest');
        }
        return deployments.view(id);
      },
    ),
  ];
}
