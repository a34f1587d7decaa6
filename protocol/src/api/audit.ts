import { z } from 'zod';
import { Id, Time } from '../names.ts';
import { ListQuery, operation, pageOf } from '../operation.ts';

const IdParams = z.strictObject({ id: Id });

export const AuditVia = z.enum(['page', 'token', 'editor', 'agent', 'system']);
export type AuditVia = z.infer<typeof AuditVia>;

export const AuditEntryView = z.object({
  id: Id,
  at: Time,
  event: z.string(),
  actor: z.object({
    kind: z.enum(['user', 'instance', 'device', 'system']),
    id: Id.nullable(),
    name: z.string(),
  }),
  via: AuditVia,
  /** The network address that it came from; null when nobody asked for it from outside. */
  address: z.string().nullable(),
  teamId: Id.nullable(),
  applicationId: Id.nullable(),
  subject: z.object({ kind: z.string(), id: Id, name: z.string() }),
  /** What else is known; a change has `before` and `after`. */
  details: z.record(z.string(), z.unknown()),
});
export type AuditEntryView = z.infer<typeof AuditEntryView>;

const FILTERS = {
  /** An event, or the concept before its dot: `instance` is every event of instances. */
  event: z
    .string()
    .max(80)
    .regex(/^[a-z-]+(\.[a-z.-]+)?$/, 'is not an event such as "instance" or "instance.created"')
    .optional(),
  /** The id of who did it. */
  actorId: Id.optional(),
  via: AuditVia.optional(),
  from: Time.optional(),
  to: Time.optional(),
};
export const AuditQuery = ListQuery.extend(FILTERS);
export type AuditQuery = z.infer<typeof AuditQuery>;
export const AuditExportQuery = z.strictObject({ search: z.string().max(120).optional(), ...FILTERS });
export type AuditExportQuery = z.infer<typeof AuditExportQuery>;

function listOf(id: string, path: string, summary: string) {
  return operation(id, {
    method: 'GET',
    path,
    summary,
    params: IdParams,
    query: AuditQuery,
    response: pageOf(AuditEntryView),
  });
}

function exportOf(id: string, path: string, summary: string) {
  return operation(id, {
    method: 'GET',
    path,
    summary,
    params: IdParams,
    query: AuditExportQuery,
    response: z.string(),
    contentType: 'text/csv',
  });
}

export const listAudit = operation('listAudit', {
  method: 'GET',
  path: '/audit',
  summary: 'Who did what on the whole platform, newest first',
  query: AuditQuery,
  response: pageOf(AuditEntryView),
});
export const listTeamAudit = listOf(
  'listTeamAudit',
  '/teams/:id/audit',
  'Who did what in a team, newest first',
);
export const listApplicationAudit = listOf(
  'listApplicationAudit',
  '/applications/:id/audit',
  'Who did what in an application, newest first',
);
export const listInstanceAudit = listOf(
  'listInstanceAudit',
  '/instances/:id/audit',
  'Who did what to an instance, newest first',
);
export const listDeviceAudit = listOf(
  'listDeviceAudit',
  '/devices/:id/audit',
  'Who did what to a device, newest first',
);

export const exportAudit = operation('exportAudit', {
  method: 'GET',
  path: '/audit.csv',
  summary: 'The audit log of the platform as CSV',
  query: AuditExportQuery,
  response: z.string(),
  contentType: 'text/csv',
});
export const exportTeamAudit = exportOf(
  'exportTeamAudit',
  '/teams/:id/audit.csv',
  'The audit log of a team as CSV',
);
export const exportApplicationAudit = exportOf(
  'exportApplicationAudit',
  '/applications/:id/audit.csv',
  'The audit log of an application as CSV',
);
export const exportInstanceAudit = exportOf(
  'exportInstanceAudit',
  '/instances/:id/audit.csv',
  'The audit log of an instance as CSV',
);
export const exportDeviceAudit = exportOf(
  'exportDeviceAudit',
  '/devices/:id/audit.csv',
  'The audit log of a device as CSV',
);

export const AuditVerification = z.object({
  intact: z.boolean(),
  /** Entries that the chain accounts for. */
  entries: z.number().int(),
  /** Of these, removed because the team type keeps them no longer. */
  pruned: z.number().int(),
  /** The newest link; keep it elsewhere to notice when the end is cut off. */
  head: z.object({ sequence: z.number().int(), hash: z.string() }).nullable(),
  /** The first 20 things that are wrong. */
  problems: z.array(z.object({ sequence: z.number().int().nullable(), message: z.string() })),
});
export type AuditVerification = z.infer<typeof AuditVerification>;

export const verifyAudit = operation('verifyAudit', {
  method: 'GET',
  path: '/audit/verification',
  summary: 'Check that no entry of the audit log was changed, removed or slipped in',
  response: AuditVerification,
});
