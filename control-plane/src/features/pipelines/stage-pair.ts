import type { Stores } from '../../db/stores.ts';
import { conflict, notFound } from '../../errors.ts';
import type { StageRow } from './store.ts';

/** A push: from where to where. */
export interface StagePair {
  from: StageRow;
  to: StageRow;
}

/** @throws AppError 404 when there is no such stage, 409 when it is the last one */
export async function readStagePair(stores: Stores, stageId: string): Promise<StagePair> {
  const from = await stores.pipelines.findStage(stageId);
  if (from === null) {
    throw notFound('stage');
  }
  const stages = await stores.pipelines.stagesOf([from.pipelineId]);
  const to = stages[stages.findIndex(({ id }) => id === from.id) + 1];
  if (to === undefined) {
    throw conflict('last_stage', `${from.name} is the last stage: there is nothing to push to.`);
  }
  return { from, to };
}
