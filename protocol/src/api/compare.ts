import { z } from 'zod';
import { ContentsComparison } from '../compare/contents-comparison.ts';
import { Id, Time } from '../names.ts';
import { operation } from '../operation.ts';

/** One of the two that are compared: a snapshot, or what an instance or device runs now. */
export const ComparedSide = z.object({
  kind: z.enum(['snapshot', 'instance', 'device']),
  id: Id,
  name: z.string(),
  /** The instance or device that it is of. */
  owner: z.object({ kind: z.enum(['instance', 'device']), id: Id, name: z.string() }),
  /** The snapshot that holds it; null for what an instance runs. */
  snapshotId: Id.nullable(),
  /** When it was taken, or deployed; null when never. */
  at: Time.nullable(),
});
export type ComparedSide = z.infer<typeof ComparedSide>;

export const DiffView = z.object({
  before: ComparedSide,
  after: ComparedSide,
  ...ContentsComparison.shape,
});
export type DiffView = z.infer<typeof DiffView>;

const DiffQuery = z.strictObject({
  /** Leaves out nodes that were only moved on their flow, and the order of tabs. */
  ignorePositions: z.enum(['true', 'false']).default('false'),
});

export const diffSnapshots = operation('diffSnapshots', {
  method: 'GET',
  path: '/snapshots/:id/diff/:otherId',
  summary: 'What differs from one snapshot to another of the same team',
  params: z.strictObject({ id: Id, otherId: Id }),
  query: DiffQuery,
  response: DiffView,
});

export const diffWithInstance = operation('diffWithInstance', {
  method: 'GET',
  path: '/snapshots/:id/diff/instance/:instanceId',
  summary: 'What differs from a snapshot to what an instance of the same team runs now',
  params: z.strictObject({ id: Id, instanceId: Id }),
  query: DiffQuery,
  response: DiffView,
});

export const diffWithDevice = operation('diffWithDevice', {
  method: 'GET',
  path: '/snapshots/:id/diff/device/:deviceId',
  summary: 'What differs from a snapshot to the one that a device of the same team runs now',
  params: z.strictObject({ id: Id, deviceId: Id }),
  query: DiffQuery,
  response: DiffView,
});

export const diffInstanceWithSnapshot = operation('diffInstanceWithSnapshot', {
  method: 'GET',
  path: '/instances/:id/diff/snapshot/:snapshotId',
  summary: 'What differs from what an instance runs now to a snapshot of the same team',
  params: z.strictObject({ id: Id, snapshotId: Id }),
  query: DiffQuery,
  response: DiffView,
});

export const diffInstances = operation('diffInstances', {
  method: 'GET',
  path: '/instances/:id/diff/instance/:otherId',
  summary: 'What differs from what an instance runs now to what another one of the same team runs',
  params: z.strictObject({ id: Id, otherId: Id }),
  query: DiffQuery,
  response: DiffView,
});
