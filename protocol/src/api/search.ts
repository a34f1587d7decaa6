import { z } from 'zod';
import { Id } from '../names.ts';
import { operation } from '../operation.ts';
import { Reference } from './instances.ts';

function someOf<T extends z.ZodType>(hit: T) {
  return z.object({
    items: z.array(hit),
    /** Whether there are others: more words find them. */
    more: z.boolean(),
  });
}

export const PlaceHit = z.object({
  id: Id,
  name: z.string(),
  /** The name of the application it is in. */
  application: z.string().nullable(),
});
export type PlaceHit = z.infer<typeof PlaceHit>;

export const SnapshotHit = PlaceHit.extend({
  applicationId: Id.nullable(),
  instanceId: Id.nullable(),
  deviceId: Id.nullable(),
  /** The name of the instance or device it was taken of. */
  of: z.string(),
});
export type SnapshotHit = z.infer<typeof SnapshotHit>;

export const NodeHit = z.object({
  /** As Node-RED calls it; copies of an instance have nodes of the same id. */
  id: z.string(),
  name: z.string(),
  type: z.string(),
  /** The name of the flow or subflow; empty when it has none. */
  flow: z.string(),
  instance: Reference,
  /** Opens the editor at the node. */
  url: z.string(),
});
export type NodeHit = z.infer<typeof NodeHit>;

export const SearchResults = z.object({
  applications: someOf(PlaceHit),
  instances: someOf(PlaceHit),
  devices: someOf(PlaceHit),
  pipelines: someOf(PlaceHit),
  snapshots: someOf(SnapshotHit),
  nodes: someOf(NodeHit),
});
export type SearchResults = z.infer<typeof SearchResults>;

export const searchTeam = operation('searchTeam', {
  method: 'GET',
  path: '/teams/:id/search',
  summary: 'Find applications, instances, devices, pipelines, snapshots, and nodes inside flows',
  params: z.strictObject({ id: Id }),
  query: z.strictObject({
    /** Words that must all be in a name, in any order. */
    q: z.string().max(120).default(''),
    /** Of each kind. */
    limit: z.coerce.number().int().min(1).max(50).default(8),
  }),
  response: SearchResults,
});
