import { exportTeamUsageReport, exportUsageReports, getTeamUsageReport } from '@flowyard/protocol';
import type { Response } from 'express';
import { requireUser } from '../../access/authorize.ts';
import { ADMINISTRATOR, may, type Route, route } from '../../http/route.ts';
import type { UsageService } from './service.ts';

function sendCsv(response: Response, month: string, csv: string): string {
  response.type('text/csv').attachment(`usage-${month}.csv`).send(csv);
  return '';
}

export function usageRoutes({ usage }: { usage: UsageService }): Route[] {
  return [
    route(getTeamUsageReport, may('usage:read', 'team'), ({ params, query }) =>
      usage.report(params.id, query.month),
    ),
    route(exportTeamUsageReport, may('usage:read', 'team'), async ({ actor, params, query, response }) =>
      sendCsv(response, query.month, await usage.csv(requireUser(actor), params.id, query.month)),
    ),
    route(exportUsageReports, ADMINISTRATOR, async ({ query, response }) =>
      sendCsv(response, query.month, await usage.csvOfAll(query.month)),
    ),
  ];
}
