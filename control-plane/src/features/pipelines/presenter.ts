import type { DeploymentView, PipelineView, StageView } from '@flowyard/protocol';
import type { DeploymentRow, DeploymentTargetRow } from './deployment-store.ts';
import type { PipelineRow } from './store.ts';

/** `targets` may hold those of other deployments too. */
export function presentDeployment(row: DeploymentRow, targets: DeploymentTargetRow[]): DeploymentView {
  return {
    id: row.id,
    pipelineId: row.pipelineId,
    applicationId: row.applicationId,
    from: { id: row.fromStageId, name: row.fromName },
    to: { id: row.toStageId, name: row.toName },
    snapshot: { id: row.snapshotId, name: row.snapshotName },
    state: row.state,
    message: row.message,
    author: row.author,
    targets: targets
      .filter((target) => target.deploymentId === row.id)
      .map(({ kind, targetId, name, wave, state, reason }) => ({
        kind,
        id: targetId,
        name,
        wave,
        state,
        reason,
      })),
    createdAt: row.createdAt,
    finishedAt: row.finishedAt,
  };
}

export function presentPipeline(
  row: PipelineRow,
  stages: StageView[],
  lastDeployment: DeploymentView | null,
): PipelineView {
  return {
    id: row.id,
    name: row.name,
    applicationId: row.applicationId,
    stages,
    lastDeployment,
    createdAt: row.createdAt,
  };
}
