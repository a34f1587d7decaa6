import type { TeamLimits, UsageItem } from '@flowyard/protocol';
import type { Transaction } from '../../db/database.ts';
import type { Stores } from '../../db/stores.ts';
import { type AppError, conflict } from '../../errors.ts';
import type { Counted } from './store.ts';

const NAMES: Record<Counted, string> = {
  members: 'Members',
  instances: 'Hosted instances',
  devices: 'Devices',
  snapshots: 'Snapshots',
  storageMb: 'Storage in MB',
};
const ORDER = ['members', 'instances', 'devices', 'snapshots', 'storageMb'] as const;

/** Everything that a team has beside what these limits allow. */
export async function readUsage(stores: Stores, teamId: string, limits: TeamLimits): Promise<UsageItem[]> {
  const items: UsageItem[] = [];
  for (const limit of ORDER) {
    const have = await stores.teamTypes.count(teamId, limit);
    items.push({ limit, name: NAMES[limit], allowed: limits[limit], have });
  }
  const byType = await stores.teamTypes.countInstancesByType(teamId);
  for (const [id, allowed] of Object.entries(limits.instancesByType)) {
    const type = await stores.instanceTypes.find(id);
    if (type !== null) {
      const name = `Hosted instances of the type ${type.name}`;
      items.push({ limit: `instancesByType.${id}`, name, allowed, have: byType.get(id) ?? 0 });
    }
  }
  return items;
}

export function exceeded(usage: readonly UsageItem[]): UsageItem[] {
  return usage.filter(({ allowed, have }) => allowed !== null && have > allowed);
}

/** As `refuseBeyondLimit`, for what counts towards several limits. */
export async function refuseBeyondLimits(
  tx: Transaction,
  teamId: string,
  counted: readonly Counted[],
): Promise<void> {
  const limits = await tx.stores.teamTypes.limitsOf(teamId);
  for (const what of counted) {
    const limit = limits[what];
    if (limit !== null && (await tx.stores.teamTypes.count(teamId, what)) > limit) {
      throw what === 'storageMb' ? storageFull(limit) : reached(limit, NAMES[what].toLowerCase());
    }
  }
}

/**
 * Counted after an insert, under the lock of the team: two requests at once cannot both take the last place.
 * @param instanceTypeId the type of the instance that was added
 * @throws AppError 409 `limit_reached`
 */
export async function refuseBeyondLimit(
  tx: Transaction,
  teamId: string,
  what: Counted,
  instanceTypeId?: string,
): Promise<void> {
  await refuseBeyondLimits(tx, teamId, [what]);
  const type = instanceTypeId === undefined ? null : await tx.stores.instanceTypes.find(instanceTypeId);
  const problem = type && (await typeLimitProblem(tx, teamId, type, 0));
  if (problem) {
    throw problem;
  }
}

/** Why a team may not have its instances of a type and `more` of them; null when it may. */
export async function typeLimitProblem(
  tx: Transaction,
  teamId: string,
  type: { id: string; name: string },
  more: number,
): Promise<AppError | null> {
  const limit = (await tx.stores.teamTypes.limitsOf(teamId)).instancesByType[type.id];
  if (limit === undefined) {
    return null;
  }
  const have = (await tx.stores.teamTypes.countInstancesByType(teamId)).get(type.id) ?? 0;
  return have + more > limit ? reached(limit, `hosted instances of the type ${type.name}`) : null;
}

function storageFull(limit: number) {
  return conflict(
    'limit_reached',
    `This team may keep ${limit} MB of flows and snapshots. Delete snapshots first; deploying goes on.`,
    { limit },
  );
}

function reached(limit: number, what: string) {
  return conflict('limit_reached', `This team may have ${limit} ${what}. Remove one first.`, { limit });
}
