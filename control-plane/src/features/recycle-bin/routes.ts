import {
  listBinnedInstances,
  listBinnedSnapshots,
  listBinnedTeams,
  purgeInstance,
  purgeSnapshot,
  purgeTeam,
  restoreInstance,
  restoreSnapshot,
  restoreTeam,
} from '@flowyard/protocol';
import { mapPage } from '../../db/paging.ts';
import { ACCOUNT, may, type Route, route } from '../../http/route.ts';
import { purgeAt, type RecycleBinService } from './service.ts';

export function recycleBinRoutes(bin: RecycleBinService): Route[] {
  return [
    route(listBinnedInstances, may('recycle-bin:read', 'team'), async ({ params, query }) =>
      mapPage(await bin.listInstances(params.id, query), (row) => ({
        id: row.id,
        name: row.name,
        application: { id: row.applicationId, name: row.applicationName },
        deletedAt: row.deletedAt,
        deletedBy: row.deletedBy,
        purgeAt: purgeAt(row.deletedAt),
      })),
    ),
    route(restoreInstance, may('recycle-bin:edit', 'team'), ({ actor, params }) =>
      bin.restoreInstance(actor, params.id, params.instanceId),
    ),
    route(purgeInstance, may('recycle-bin:edit', 'team'), ({ actor, params }) =>
      bin.purgeInstance(actor, params.id, params.instanceId),
    ),
    route(listBinnedSnapshots, may('recycle-bin:read', 'team'), async ({ params, query }) =>
      mapPage(await bin.snapshots.list(params.id, query), ({ id, name, owner, deletedAt, deletedBy }) => ({
        id,
        name,
        owner,
        deletedAt,
        deletedBy,
        purgeAt: purgeAt(deletedAt),
      })),
    ),
    route(restoreSnapshot, may('recycle-bin:edit', 'team'), ({ actor, params }) =>
      bin.snapshots.restore(actor, params.id, params.snapshotId),
    ),
    route(purgeSnapshot, may('recycle-bin:edit', 'team'), ({ actor, params }) =>
      bin.snapshots.purge(actor, params.id, params.snapshotId),
    ),
    route(listBinnedTeams, ACCOUNT, async ({ actor, query }) =>
      mapPage(await bin.listTeams(actor, query), ({ id, name, slug, deletedAt, deletedBy }) => ({
        id,
        name,
        slug,
        deletedAt,
        deletedBy,
        purgeAt: purgeAt(deletedAt),
      })),
    ),
    route(restoreTeam, ACCOUNT, ({ actor, params }) => bin.restoreTeam(actor, params.id)),
    route(purgeTeam, ACCOUNT, ({ actor, params }) => bin.purgeTeam(actor, params.id)),
  ];
}
