import { z } from 'zod';
import { Flows } from '../flows.ts';
import { Description, DisplayName, Id, Time } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { Modules } from '../snapshot-manifest.ts';
import { InstanceView } from './instances.ts';

const IdParams = z.strictObject({ id: Id });

export const SnapshotKind = z.enum(['manual', 'auto', 'deploy', 'import']);
export type SnapshotKind = z.infer<typeof SnapshotKind>;

export const SnapshotLabel = z
  .string()
  .trim()
  .regex(
    /^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]{0,38}[\p{L}\p{N}])?$/u,
    'must be up to 40 letters, digits, spaces, dots, _ or -, with a letter or digit at both ends',
  );
const SnapshotLabels = z
  .array(SnapshotLabel)
  .max(20, 'are at most 20')
  .transform((labels) => [...new Set(labels)]);
const SnapshotListQuery = ListQuery.extend({
  /** Only those that have this label. */
  label: SnapshotLabel.optional(),
});

export const SnapshotView = z.object({
  id: Id,
  name: z.string(),
  description: z.string(),
  kind: SnapshotKind,
  /** The instance or device that it was taken of. */
  owner: z.object({ kind: z.enum(['instance', 'device']), id: Id, name: z.string() }),
  applicationId: Id.nullable(),
  author: z.string(),
  /** Numbers of tabs and nodes. */
  flows: z.number().int(),
  nodes: z.number().int(),
  modules: Modules,
  /** Why it has no lock file of its modules, and what to do; null when it has one, or has no modules. */
  lockProblem: z.string().nullable(),
  nodeRed: z.string(),
  /** Never dropped, and not deleted until it is unpinned. */
  pinned: z.boolean(),
  labels: z.array(z.string()),
  createdAt: Time,
});
export type SnapshotView = z.infer<typeof SnapshotView>;

export const listInstanceSnapshots = operation('listInstanceSnapshots', {
  method: 'GET',
  path: '/instances/:id/snapshots',
  summary: 'Snapshots of an instance, newest first',
  params: IdParams,
  query: SnapshotListQuery,
  response: pageOf(SnapshotView),
});

export const createInstanceSnapshot = operation('createInstanceSnapshot', {
  method: 'POST',
  path: '/instances/:id/snapshots',
  summary: 'Take a snapshot of what is deployed',
  params: IdParams,
  body: z.strictObject({ name: DisplayName, description: Description.optional() }),
  response: SnapshotView,
  status: 201,
});

export const listDeviceSnapshots = operation('listDeviceSnapshots', {
  method: 'GET',
  path: '/devices/:id/snapshots',
  summary: 'Snapshots of a device, newest first',
  params: IdParams,
  query: SnapshotListQuery,
  response: pageOf(SnapshotView),
});

export const createDeviceSnapshot = operation('createDeviceSnapshot', {
  method: 'POST',
  path: '/devices/:id/snapshots',
  summary: 'Take a snapshot of what runs on a device; it must be online',
  params: IdParams,
  body: z.strictObject({ name: DisplayName, description: Description.optional() }),
  response: SnapshotView,
  status: 201,
});

export const listApplicationSnapshots = operation('listApplicationSnapshots', {
  method: 'GET',
  path: '/applications/:id/snapshots',
  summary: 'Snapshots of everything in an application, newest first',
  params: IdParams,
  query: SnapshotListQuery,
  response: pageOf(SnapshotView),
});

/** A label and how many snapshots have it. */
export const SnapshotLabelCount = z.object({ label: z.string(), count: z.number().int() });
export type SnapshotLabelCount = z.infer<typeof SnapshotLabelCount>;

function labelsOf(id: string, path: string, summary: string) {
  const response = z.object({ items: z.array(SnapshotLabelCount) });
  return operation(id, { method: 'GET', path, summary, params: IdParams, response });
}

export const listInstanceSnapshotLabels = labelsOf(
  'listInstanceSnapshotLabels',
  '/instances/:id/snapshot-labels',
  'Labels that snapshots of an instance have',
);
export const listDeviceSnapshotLabels = labelsOf(
  'listDeviceSnapshotLabels',
  '/devices/:id/snapshot-labels',
  'Labels that snapshots of a device have',
);
export const listApplicationSnapshotLabels = labelsOf(
  'listApplicationSnapshotLabels',
  '/applications/:id/snapshot-labels',
  'Labels that snapshots of everything in an application have',
);

export const getSnapshot = operation('getSnapshot', {
  method: 'GET',
  path: '/snapshots/:id',
  summary: 'One snapshot',
  params: IdParams,
  response: SnapshotView,
});

export const getSnapshotFlows = operation('getSnapshotFlows', {
  method: 'GET',
  path: '/snapshots/:id/flows',
  summary: 'The flows of a snapshot, without credentials',
  params: IdParams,
  response: z.object({ flows: Flows }),
});

export const updateSnapshot = operation('updateSnapshot', {
  method: 'PATCH',
  path: '/snapshots/:id',
  summary: 'Rename, describe, pin or label a snapshot; its content never changes',
  params: IdParams,
  body: z.strictObject({
    name: DisplayName.optional(),
    description: Description.optional(),
    pinned: z.boolean().optional(),
    labels: SnapshotLabels.optional(),
  }),
  response: SnapshotView,
});

export const deleteSnapshot = operation('deleteSnapshot', {
  method: 'DELETE',
  path: '/snapshots/:id',
  summary: 'Move a snapshot into the recycle bin; refused while it is pinned or something uses it',
  params: IdParams,
  response: NoContent,
  status: 204,
});

export const rollBackInstance = operation('rollBackInstance', {
  method: 'POST',
  path: '/instances/:id/rollback',
  summary: 'Put a snapshot back; what is there now is kept in an automatic snapshot',
  params: IdParams,
  body: z.strictObject({ snapshotId: Id }),
  response: z.object({ instance: InstanceView, safetySnapshot: SnapshotView }),
  status: 202,
});

const TargetBody = z.strictObject({ snapshotId: Id.nullable() });
const TargetView = z.object({ snapshotId: Id.nullable() });

function targetOf(id: string, path: string, summary: string) {
  return operation(id, {
    method: 'PUT',
    path,
    summary,
    params: IdParams,
    body: TargetBody,
    response: TargetView,
  });
}

export const setInstanceTarget = targetOf(
  'setInstanceTarget',
  '/instances/:id/target-snapshot',
  'Choose what the devices assigned to an instance run',
);
export const setDeviceTarget = targetOf(
  'setDeviceTarget',
  '/devices/:id/target-snapshot',
  'Choose what a device runs; null falls back to its group or instance',
);
export const setDeviceGroupTarget = targetOf(
  'setDeviceGroupTarget',
  '/device-groups/:id/target-snapshot',
  'Choose what the devices of a group run',
);
