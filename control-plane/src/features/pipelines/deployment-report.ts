import type { DeploymentReport } from '@flowyard/protocol';
import { stringify } from 'csv-stringify/sync';
import type { Stores } from '../../db/stores.ts';
import { notFound } from '../../errors.ts';
import { presentTarget, readDeploymentViews } from './deployment-views.ts';

const STEPS_AT_ONCE = 200;
const CSV_HEAD = ['name', 'kind', 'id', 'wave', 'state', 'reason', 'told at', 'changed at'];

/** All that is known of a deployment, to be kept elsewhere. */
export async function readReport(stores: Stores, id: string): Promise<DeploymentReport> {
  const row = await stores.deployments.find(id);
  const [deployment] = row === null ? [] : await readDeploymentViews(stores, [row]);
  if (deployment === undefined) {
    throw notFound('deployment');
  }
  const targets = await stores.deploymentTargets.of(id);
  const steps = await stores.deploymentTargets.steps(id, { limit: STEPS_AT_ONCE });
  return {
    deployment,
    steps: steps.items.map(({ at, text }) => ({ at, text })).reverse(),
    targets: targets.map(presentTarget),
  };
}

/** The targets of a deployment, one a line. */
export function reportAsCsv({ targets }: DeploymentReport): string {
  const rows = targets.map(({ name, kind, id, wave, state, reason, toldAt, changedAt }) => [
    name,
    kind,
    id,
    wave + 1,
    state,
    reason,
    toldAt,
    changedAt,
  ]);
  return stringify([CSV_HEAD, ...rows], { escape_formulas: true });
}
