import { z } from 'zod';
import { Id, Time } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { Reference } from './instances.ts';
import { TeamView } from './teams.ts';

const IdParams = z.strictObject({ id: Id });
const BinnedParams = z.strictObject({ id: Id, instanceId: Id });

/** How long deleted teams, hosted instances and snapshots can be brought back. */
export const RECYCLE_BIN_DAYS = 7;

const Binned = { deletedAt: Time, deletedBy: z.string(), purgeAt: Time };

export const BinnedInstance = z.object({ id: Id, name: z.string(), application: Reference, ...Binned });
export type BinnedInstance = z.infer<typeof BinnedInstance>;

export const BinnedTeam = z.object({ id: Id, name: z.string(), slug: z.string(), ...Binned });
export type BinnedTeam = z.infer<typeof BinnedTeam>;

export const listBinnedInstances = operation('listBinnedInstances', {
  method: 'GET',
  path: '/teams/:id/recycle-bin',
  summary: 'Hosted instances of a team that were deleted and can be brought back',
  params: IdParams,
  query: ListQuery,
  response: pageOf(BinnedInstance),
});

export const restoreInstance = operation('restoreInstance', {
  method: 'POST',
  path: '/teams/:id/recycle-bin/:instanceId',
  summary: 'Bring a deleted instance back as it was',
  params: BinnedParams,
  response: NoContent,
  status: 204,
});

export const purgeInstance = operation('purgeInstance', {
  method: 'DELETE',
  path: '/teams/:id/recycle-bin/:instanceId',
  summary: 'Delete an instance that is in the recycle bin for good',
  params: BinnedParams,
  response: NoContent,
  status: 204,
});

const SnapshotParams = z.strictObject({ id: Id, snapshotId: Id });

export const BinnedSnapshot = z.object({
  id: Id,
  name: z.string(),
  /** The name of the instance or device that it was taken of. */
  owner: z.string(),
  ...Binned,
});
export type BinnedSnapshot = z.infer<typeof BinnedSnapshot>;

export const listBinnedSnapshots = operation('listBinnedSnapshots', {
  method: 'GET',
  path: '/teams/:id/deleted-snapshots',
  summary: 'Snapshots of a team that were deleted and can be brought back',
  params: IdParams,
  query: ListQuery,
  response: pageOf(BinnedSnapshot),
});

export const restoreSnapshot = operation('restoreSnapshot', {
  method: 'POST',
  path: '/teams/:id/deleted-snapshots/:snapshotId',
  summary: 'Bring a deleted snapshot back as it was',
  params: SnapshotParams,
  response: NoContent,
  status: 204,
});

export const purgeSnapshot = operation('purgeSnapshot', {
  method: 'DELETE',
  path: '/teams/:id/deleted-snapshots/:snapshotId',
  summary: 'Delete a snapshot that is in the recycle bin for good',
  params: SnapshotParams,
  response: NoContent,
  status: 204,
});

export const listBinnedTeams = operation('listBinnedTeams', {
  method: 'GET',
  path: '/deleted-teams',
  summary: 'Deleted teams that one may bring back: those one deleted; for administrators all',
  query: ListQuery,
  response: pageOf(BinnedTeam),
});

export const restoreTeam = operation('restoreTeam', {
  method: 'POST',
  path: '/deleted-teams/:id',
  summary: 'Bring a deleted team back with all it had',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const purgeTeam = operation('purgeTeam', {
  method: 'DELETE',
  path: '/deleted-teams/:id',
  summary: 'Delete a team that is in the recycle bin for good, with all it has; by administrators',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const suspendTeam = operation('suspendTeam', {
  method: 'PUT',
  path: '/teams/:id/suspension',
  summary: 'Stop all instances of a team and refuse changes to it, or lift that; by administrators',
  params: IdParams,
  body: z.strictObject({ suspended: z.boolean() }),
  response: TeamView,
});
