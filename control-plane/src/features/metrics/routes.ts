import {
  endNodeCounts,
  getDeviceMetrics,
  getInstanceMetrics,
  getNodeCounts,
  startNodeCounts,
} from '@flowyard/protocol';
import { may, type Route, route } from '../../http/route.ts';
import type { NodeCountService } from './node-count-service.ts';
import type { MetricsService } from './service.ts';

interface Parts {
  metrics: MetricsService;
  nodeCounts: NodeCountService;
}

export function metricsRoutes({ metrics, nodeCounts }: Parts): Route[] {
  return [
    route(getInstanceMetrics, may('instance:read', 'instance'), ({ params, query }) =>
      metrics.view(params.id, query.hours),
    ),
    route(getNodeCounts, may('instance:read', 'instance'), async ({ params }) => nodeCounts.view(params.id)),
    route(startNodeCounts, may('instance:read', 'instance'), ({ actor, params, body }) =>
      nodeCounts.start(actor, params.id, body.minutes),
    ),
    route(endNodeCounts, may('instance:read', 'instance'), ({ actor, params }) =>
      nodeCounts.end(actor, params.id),
    ),
    route(getDeviceMetrics, may('device:read', 'device'), ({ params, query }) =>
      metrics.viewDevice(params.id, query.hours),
    ),
  ];
}
