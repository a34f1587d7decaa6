import { z } from 'zod';
import { DisplayName, Id, Time } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';
import { AuditEntryView } from './audit.ts';
import { WebhookUrl } from './notifications.ts';

/** A team, and the platform, may have so many. */
export const MOST_AUDIT_STREAMS = 5;
/** More than these are not counted. */
export const MOST_WAITING_ENTRIES = 10_000;

export const AuditStreamView = z.object({
  id: Id,
  name: z.string(),
  url: z.string(),
  active: z.boolean(),
  createdAt: Time,
  /** The newest entry that arrived, and when it did; null while none has. */
  lastDelivered: z.object({ sequence: z.number().int(), entryAt: Time, at: Time }).nullable(),
  /** How many entries are not delivered yet; up to 10,000. */
  waiting: z.number().int(),
  /** Since when deliveries fail, with the reason of the last one; null while they do not. */
  failing: z
    .object({
      since: Time,
      attempts: z.number().int(),
      error: z.string(),
      /** When it is tried again; null when it was switched off. */
      nextAt: Time.nullable(),
    })
    .nullable(),
});
export type AuditStreamView = z.infer<typeof AuditStreamView>;

/** An entry as a stream delivers it. */
export const StreamedAuditEntry = AuditEntryView.extend({
  /** Its number in the chain of the whole platform: it grows, and another entry never has it. */
  sequence: z.number().int(),
  /** Its hash in the chain. Kept elsewhere it shows when the log was changed afterwards. */
  hash: z.string(),
});
export type StreamedAuditEntry = z.infer<typeof StreamedAuditEntry>;

/** What the receiver of a stream gets, as JSON. */
export interface AuditBatch {
  streamId: string;
  /** So many entries before these were removed by retention before they could be delivered. */
  missing: number;
  /** In their order. None in a test. */
  entries: StreamedAuditEntry[];
}

const NewAuditStream = z.strictObject({ name: DisplayName, url: WebhookUrl });
const AuditStreamChange = z.strictObject({
  name: DisplayName.optional(),
  url: WebhookUrl.optional(),
  active: z.boolean().optional(),
});
const MadeAuditStream = z.object({ stream: AuditStreamView, secret: z.string() });
const ReplayFrom = z.strictObject({ from: Time });
const AuditStreamTest = z.object({
  delivered: z.boolean(),
  /** Why not. */
  error: z.string().nullable(),
});
export type AuditStreamTest = z.infer<typeof AuditStreamTest>;

const TeamParams = z.strictObject({ id: Id });
const TeamStreamParams = z.strictObject({ id: Id, streamId: Id });
const PlatformStreamParams = z.strictObject({ streamId: Id });

export const listTeamAuditStreams = operation('listTeamAuditStreams', {
  method: 'GET',
  path: '/teams/:id/audit-streams',
  summary: 'Programs to which the audit log of a team is delivered',
  params: TeamParams,
  query: ListQuery,
  response: pageOf(AuditStreamView),
});

export const createTeamAuditStream = operation('createTeamAuditStream', {
  method: 'POST',
  path: '/teams/:id/audit-streams',
  summary: 'Deliver every new entry of the audit log of a team to a program; the secret is shown this once',
  params: TeamParams,
  body: NewAuditStream,
  response: MadeAuditStream,
  status: 201,
});

export const updateTeamAuditStream = operation('updateTeamAuditStream', {
  method: 'PATCH',
  path: '/teams/:id/audit-streams/:streamId',
  summary: 'Change an audit stream of a team, or switch it off and on: what came meanwhile is delivered then',
  params: TeamStreamParams,
  body: AuditStreamChange,
  response: AuditStreamView,
});

export const deleteTeamAuditStream = operation('deleteTeamAuditStream', {
  method: 'DELETE',
  path: '/teams/:id/audit-streams/:streamId',
  summary: 'Delete an audit stream of a team; what was not delivered yet is not delivered any more',
  params: TeamStreamParams,
  response: NoContent,
  status: 204,
});

export const testTeamAuditStream = operation('testTeamAuditStream', {
  method: 'POST',
  path: '/teams/:id/audit-streams/:streamId/test',
  summary: 'Send an empty batch to the program of an audit stream, and say whether it took it',
  params: TeamStreamParams,
  response: AuditStreamTest,
});

export const replayTeamAuditStream = operation('replayTeamAuditStream', {
  method: 'POST',
  path: '/teams/:id/audit-streams/:streamId/replay',
  summary: 'Deliver the audit log of a team again from a time on, as far as entries are kept',
  params: TeamStreamParams,
  body: ReplayFrom,
  response: AuditStreamView,
});

export const listAuditStreams = operation('listAuditStreams', {
  method: 'GET',
  path: '/audit-streams',
  summary: 'Programs to which the audit log of the whole platform is delivered',
  query: ListQuery,
  response: pageOf(AuditStreamView),
});

export const createAuditStream = operation('createAuditStream', {
  method: 'POST',
  path: '/audit-streams',
  summary: 'Deliver every new entry of the audit log to a program; the secret is shown this once',
  body: NewAuditStream,
  response: MadeAuditStream,
  status: 201,
});

export const updateAuditStream = operation('updateAuditStream', {
  method: 'PATCH',
  path: '/audit-streams/:streamId',
  summary: 'Change an audit stream of the platform, or switch it off and on',
  params: PlatformStreamParams,
  body: AuditStreamChange,
  response: AuditStreamView,
});

export const deleteAuditStream = operation('deleteAuditStream', {
  method: 'DELETE',
  path: '/audit-streams/:streamId',
  summary: 'Delete an audit stream of the platform; what was not delivered yet is not delivered any more',
  params: PlatformStreamParams,
  response: NoContent,
  status: 204,
});

export const testAuditStream = operation('testAuditStream', {
  method: 'POST',
  path: '/audit-streams/:streamId/test',
  summary: 'Send an empty batch to the program of an audit stream, and say whether it took it',
  params: PlatformStreamParams,
  response: AuditStreamTest,
});

export const replayAuditStream = operation('replayAuditStream', {
  method: 'POST',
  path: '/audit-streams/:streamId/replay',
  summary: 'Deliver the audit log of the platform again from a time on, as far as entries are kept',
  params: PlatformStreamParams,
  body: ReplayFrom,
  response: AuditStreamView,
});
