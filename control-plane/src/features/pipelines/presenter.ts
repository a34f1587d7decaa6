import type { DeploymentView, PipelineView, StageView } from '@flowyard/protocol';
import type { PipelineRow } from './store.ts';

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
