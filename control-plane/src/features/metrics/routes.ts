import { getDeviceMetrics, getInstanceMetrics } from '@flowyard/protocol';
import { may, type Route, route } from '../../http/route.ts';
import type { MetricsService } from './service.ts';

export function metricsRoutes({ metrics }: { metrics: MetricsService }): Route[] {
  return [
    route(getInstanceMetrics, may('instance:read', 'instance'), ({ params, query }) =>
      metrics.view(params.id, query.hours),
    ),
    route(getDeviceMetrics, may('device:read', 'device'), ({ params, query }) =>
      metrics.viewDevice(params.id, query.hours),
    ),
  ];
}
