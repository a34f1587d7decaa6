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
  const stages = await stores.pipelines.stagesBeside(stageId);
  const at = stages.findIndex(({ id }) => id === stageId);
  const [from, to] = [stages[at], stages[at + 1]];
  if (from === undefined) {
    throw notFound('stage');
  }
  if (to === undefined) {
    throw conflict('last_stage', `${from.name} is the last stage: there is nothing to push to.`);
  }
  return { from, to };
}
