import {
  diffInstances,
  diffInstanceWithSnapshot,
  diffSnapshots,
  diffWithDevice,
  diffWithInstance,
} from '@flowyard/protocol';
import { may, type Route, route } from '../../http/route.ts';
import type { CompareService } from './compare-service.ts';

const READS = may('snapshot:read', 'snapshot');
const READS_INSTANCE = may('instance:read', 'instance');

export function compareRoutes({ comparisons }: { comparisons: CompareService }): Route[] {
  return [
    route(diffSnapshots, READS, ({ actor, scope, params, query }) => {
      const other = { kind: 'snapshot', id: params.otherId } as const;
      return comparisons.compare(
        actor,
        scope,
        { kind: 'snapshot', id: params.id },
        other,
        query.ignorePositions === 'true',
      );
    }),
    route(diffWithInstance, READS, ({ actor, scope, params, query }) => {
      const other = { kind: 'instance', id: params.instanceId } as const;
      return comparisons.compare(
        actor,
        scope,
        { kind: 'snapshot', id: params.id },
        other,
        query.ignorePositions === 'true',
      );
    }),
    route(diffWithDevice, READS, ({ actor, scope, params, query }) => {
      const other = { kind: 'device', id: params.deviceId } as const;
      return comparisons.compare(
        actor,
        scope,
        { kind: 'snapshot', id: params.id },
        other,
        query.ignorePositions === 'true',
      );
    }),
    route(diffInstanceWithSnapshot, READS_INSTANCE, ({ actor, scope, params, query }) => {
      const from = { kind: 'instance', id: params.id } as const;
      const to = { kind: 'snapshot', id: params.snapshotId } as const;
      return comparisons.compare(actor, scope, from, to, query.ignorePositions === 'true');
    }),
    route(diffInstances, READS_INSTANCE, ({ actor, scope, params, query }) => {
      const from = { kind: 'instance', id: params.id } as const;
      const to = { kind: 'instance', id: params.otherId } as const;
      return comparisons.compare(actor, scope, from, to, query.ignorePositions === 'true');
    }),
  ];
}
