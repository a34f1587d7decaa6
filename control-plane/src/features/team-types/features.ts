import type { MissingFeature, TeamFeature } from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import { AppError } from '../../errors.ts';
import type { Route } from '../../http/route.ts';

const NAMES: Record<TeamFeature, string> = {
  devices: 'Devices',
  pipelines: 'Pipelines',
  webhooks: 'Webhooks',
  'http-tokens': 'HTTP tokens',
  blueprints: 'Blueprints',
};
/** What is there can be looked at and deleted, whatever the type of the team. */
const ALWAYS = new Set(['GET', 'DELETE']);

/** Says of routes that only teams have them whose type has the feature. */
export function inFeature(feature: TeamFeature, routes: Route[]): Route[] {
  return routes.map((route) => (ALWAYS.has(route.operation.method) ? route : { ...route, feature }));
}

/** @throws AppError 403 `not_in_team_type` */
export async function refuseMissingFeature(
  stores: Pick<Stores, 'teamTypes'>,
  teamId: string,
  feature: TeamFeature,
): Promise<void> {
  if ((await stores.teamTypes.withoutOf(teamId)).includes(feature)) {
    throw new AppError(
      403,
      'not_in_team_type',
      `${NAMES[feature]} are not in the type of this team. What is there goes on and can be deleted. An administrator of the platform gives a team another type.`,
      { feature },
    );
  }
}

/** What a type leaves out, with how much of it a team has. */
export async function missingFeatures(
  stores: Stores,
  teamId: string,
  without: readonly TeamFeature[],
): Promise<MissingFeature[]> {
  const missing: MissingFeature[] = [];
  for (const feature of without) {
    missing.push({ feature, name: NAMES[feature], have: await stores.teamTypes.countOf(teamId, feature) });
  }
  return missing;
}
