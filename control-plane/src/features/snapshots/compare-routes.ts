import { diffSnapshots, diffWithDevice, diffWithInstance } from '@flowyard/protocol';
import { may, type Route, route } from '../../http/route.ts';
import type { CompareService } from './compare-service.ts';

const READS = may('snapshot:read', 'snapshot');

export function compareRoutes({ comparisons }: { comparisons: CompareService }): Route[] {
  return [
    route(diffSnapshots, READS, ({ actor, scope, params, query }) => {
      const other = { kind: 'snapshot', id: params.otherId } as const;
      return comparisons.compare(actor, scope, params.id, other, query.ignorePositions === 'true');
    }),
    route(diffWithInstance, READS, ({ actor, scope, params, query }) => {
      const other = { kind: 'instance', id: params.instanceId } as const;
      return comparisons.compare(actor, scope, params.id, other, query.ignorePositions === 'true');
    }),
    route(diffWithDevice, READS, ({ actor, scope, params, query }) => {
      const other = { kind: 'device', id: params.deviceId } as const;
      return comparisons.compare(actor, scope, params.id, other, query.ignorePositions === 'true');
    }),
  ];
}
