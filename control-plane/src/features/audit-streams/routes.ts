import {
  createAuditStream,
  createTeamAuditStream,
  deleteAuditStream,
  deleteTeamAuditStream,
  listAuditStreams,
  listTeamAuditStreams,
  replayAuditStream,
  replayTeamAuditStream,
  testAuditStream,
  testTeamAuditStream,
  updateAuditStream,
  updateTeamAuditStream,
} from '@flowyard/protocol';
import { ADMINISTRATOR, may, type Route, route } from '../../http/route.ts';
import { inFeature } from '../team-types/features.ts';
import type { AuditStreamService } from './service.ts';

export function auditStreamRoutes({ auditStreams }: { auditStreams: AuditStreamService }): Route[] {
  return [...inFeature('webhooks', ofTeams(auditStreams)), ...ofPlatform(auditStreams)];
}

function ofTeams(streams: AuditStreamService): Route[] {
  return [
    route(listTeamAuditStreams, may('audit-stream:read', 'team'), ({ params, query }) =>
      streams.list(params.id, query),
    ),
    route(createTeamAuditStream, may('audit-stream:edit', 'team'), ({ actor, params, body }) =>
      streams.create(actor, params.id, body),
    ),
    route(updateTeamAuditStream, may('audit-stream:edit', 'team'), ({ actor, params, body }) =>
      streams.update(actor, params.id, params.streamId, body),
    ),
    route(deleteTeamAuditStream, may('audit-stream:edit', 'team'), ({ actor, params }) =>
      streams.delete(actor, params.id, params.streamId),
    ),
    route(testTeamAuditStream, may('audit-stream:edit', 'team'), ({ actor, params }) =>
      streams.test(actor, params.id, params.streamId),
    ),
    route(replayTeamAuditStream, may('audit-stream:edit', 'team'), ({ actor, params, body }) =>
      streams.replay(actor, params.id, params.streamId, body.from),
    ),
  ];
}

function ofPlatform(streams: AuditStreamService): Route[] {
  return [
    route(listAuditStreams, ADMINISTRATOR, ({ query }) => streams.list(null, query)),
    route(createAuditStream, ADMINISTRATOR, ({ actor, body }) => streams.create(actor, null, body)),
    route(updateAuditStream, ADMINISTRATOR, ({ actor, params, body }) =>
      streams.update(actor, null, params.streamId, body),
    ),
    route(deleteAuditStream, ADMINISTRATOR, ({ actor, params }) =>
      streams.delete(actor, null, params.streamId),
    ),
    route(testAuditStream, ADMINISTRATOR, ({ actor, params }) => streams.test(actor, null, params.streamId)),
    route(replayAuditStream, ADMINISTRATOR, ({ actor, params, body }) =>
      streams.replay(actor, null, params.streamId, body.from),
    ),
  ];
}
