import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  type AuditExportQuery,
  exportApplicationAudit,
  exportAudit,
  exportDeviceAudit,
  exportInstanceAudit,
  exportTeamAudit,
  listApplicationAudit,
  listAudit,
  listDeviceAudit,
  listInstanceAudit,
  listTeamAudit,
  verifyAudit,
} from '@flowyard/protocol';
import type { Response } from 'express';
import type { Actor } from '../../access/actor.ts';
import type { Access } from '../../access/authorize.ts';
import { mapPage } from '../../db/paging.ts';
import { ADMINISTRATOR, may, type Route, route } from '../../http/route.ts';
import { presentAuditEntry } from './presenter.ts';
import type { AuditService } from './service.ts';
import type { AuditScope } from './store.ts';

interface Parts {
  audit: AuditService;
  access: Access;
}

export function auditRoutes({ audit, access }: Parts): Route[] {
  const ofTeam = async (actor: Actor, teamId: string): Promise<AuditScope> => ({
    teamId,
    hiddenApplications: await access.hiddenApplications(actor, teamId, 'audit:read'),
  });
  const sendCsv = async (response: Response, scope: AuditScope, query: AuditExportQuery): Promise<string> => {
    response.type('text/csv').attachment('audit.csv');
    await pipeline(Readable.from(audit.export(scope, query)), response);
    return '';
  };
  return [
    route(listAudit, ADMINISTRATOR, async ({ query }) =>
      mapPage(await audit.list('platform', query), presentAuditEntry),
    ),
    route(verifyAudit, ADMINISTRATOR, () => audit.verify()),
    route(listTeamAudit, may('audit:read', 'team'), async ({ actor, params, query }) =>
      mapPage(await audit.list(await ofTeam(actor, params.id), query), presentAuditEntry),
    ),
    route(listApplicationAudit, may('audit:read', 'application'), async ({ params, query }) =>
      mapPage(await audit.list({ applicationId: params.id }, query), presentAuditEntry),
    ),
    route(listInstanceAudit, may('audit:read', 'instance'), async ({ params, query }) =>
      mapPage(await audit.list({ subject: { kind: 'instance', id: params.id } }, query), presentAuditEntry),
    ),
    route(listDeviceAudit, may('audit:read', 'device'), async ({ params, query }) =>
      mapPage(await audit.list({ subject: { kind: 'device', id: params.id } }, query), presentAuditEntry),
    ),
    route(exportAudit, ADMINISTRATOR, ({ query, response }) => sendCsv(response, 'platform', query)),
    route(exportTeamAudit, may('audit:read', 'team'), async ({ actor, params, query, response }) =>
      sendCsv(response, await ofTeam(actor, params.id), query),
    ),
    route(exportApplicationAudit, may('audit:read', 'application'), ({ params, query, response }) =>
      sendCsv(response, { applicationId: params.id }, query),
    ),
    route(exportInstanceAudit, may('audit:read', 'instance'), ({ params, query, response }) =>
      sendCsv(response, { subject: { kind: 'instance', id: params.id } }, query),
    ),
    route(exportDeviceAudit, may('audit:read', 'device'), ({ params, query, response }) =>
      sendCsv(response, { subject: { kind: 'device', id: params.id } }, query),
    ),
  ];
}
