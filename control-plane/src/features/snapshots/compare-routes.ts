import {
  diffInstances,
  diffInstanceWithSnapshot,
  diffSnapshots,
  diffWithDevice,
  diffWithInstance,
} from '@flowyard/protocol';
import type { Actor } from '../../access/actor.ts';
import type { Scope } from '../../access/authorize.ts';
import { may, type Route, route } from '../../http/route.ts';
import type { Compared, CompareService } from './compare-service.ts';

const READS = may('snapshot:read', 'snapshot');
const READS_INSTANCE = may('instance:read', 'instance');

/** Who asks, where the first of the two is, and how they are to be compared. */
interface Asked {
  actor: Actor;
  scope: Scope;
  query: { ignorePositions: 'true' | 'false' };
}

export function compareRoutes({ comparisons }: { comparisons: CompareService }): Route[] {
  const compare = (from: Compared, to: Compared, { actor, scope, query }: Asked) =>
    comparisons.compare(actor, scope, from, to, query.ignorePositions === 'true');
  const snapshot = (id: string): Compared => ({ kind: 'snapshot', id });
  const instance = (id: string): Compared => ({ kind: 'instance', id });
  const device = (id: string): Compared => ({ kind: 'device', id });
  return [
    route(diffSnapshots, READS, ({ params, ...context }) =>
      compare(snapshot(params.id), snapshot(params.otherId), context),
    ),
    route(diffWithInstance, READS, ({ params, ...context }) =>
      compare(snapshot(params.id), instance(params.instanceId), context),
    ),
    route(diffWithDevice, READS, ({ params, ...context }) =>
      compare(snapshot(params.id), device(params.deviceId), context),
    ),
    route(diffInstanceWithSnapshot, READS_INSTANCE, ({ params, ...context }) =>
      compare(instance(params.id), snapshot(params.snapshotId), context),
    ),
    route(diffInstances, READS_INSTANCE, ({ params, ...context }) =>
      compare(instance(params.id), instance(params.otherId), context),
    ),
  ];
}
