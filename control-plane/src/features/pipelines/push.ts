import type { Stores } from '../../db/stores.ts';
import type { DeploymentRow } from './deployment-row.ts';
import type { StageRow } from './store.ts';

/** A deployment with where it goes. */
export interface Push {
  deployment: DeploymentRow;
  place: StageRow['target'];
  /** Where its targets are: in another application than the pipeline, it may be. */
  scope: { teamId: string; applicationId: string | null };
}

/** Null when the stage into which it goes was deleted. */
export async function readPush(stores: Stores, deployment: DeploymentRow): Promise<Push | null> {
  const stage = await stores.pipelines.findStage(deployment.toStageId);
  return stage && { deployment, ...(await readPlace(stores, stage, deployment.teamId)) };
}

export async function readPlace(
  stores: Stores,
  { target: place }: StageRow,
  teamId: string,
): Promise<Pick<Push, 'place' | 'scope'>> {
  const found = await stores.scopes.find(place.kind, place.id, null);
  return { place, scope: { teamId, applicationId: found?.applicationId ?? null } };
}
