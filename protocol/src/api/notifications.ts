import { z } from 'zod';
import { DisplayName, Id, Time } from '../names.ts';
import { ListQuery, NoContent, operation, pageOf } from '../operation.ts';

const IdParams = z.strictObject({ id: Id });

/** How much somebody should care. */
export const Severity = z.enum(['info', 'warning', 'error']);
export type Severity = z.infer<typeof Severity>;

/** What people and programs are told of. The list in the docs is made from this one. */
export const NOTIFICATION_KINDS = {
  'instance.crashed': { severity: 'error', text: 'A hosted instance ended by itself and is started again' },
  'instance.safe': { severity: 'error', text: 'A hosted instance is in safe mode: its flows stand still' },
  'instance.error': {
    severity: 'error',
    text: 'A hosted instance runs, but its flows do not run as they should',
  },
  'instance.limit': { severity: 'warning', text: 'A hosted instance uses more than the threshold you set' },
  'instance.returned': {
    severity: 'error',
    text: 'A change of a hosted instance did not work and was taken back',
  },
  'device.offline': { severity: 'warning', text: 'A device has been away for two minutes' },
  'device.error': {
    severity: 'error',
    text: 'Node-RED on a device ended by itself or does not run as it should',
  },
  'device.update-failed': { severity: 'error', text: 'A device could not run its new target and went back' },
  'device.drift': { severity: 'warning', text: 'A device has not run its target for ten minutes' },
  'device.host': {
    severity: 'warning',
    text: 'The machine of a device is very hot, or its disk or memory is nearly full',
  },
  'device.cloned': {
    severity: 'error',
    text: 'Another machine came with the identity of a device and was refused',
  },
  'deployment.failed': { severity: 'error', text: 'A push did not reach all its targets' },
  'deployment.halted': { severity: 'error', text: 'A push was halted, since too many of its targets failed' },
  'deployment.approval': { severity: 'warning', text: 'A push waits until a second person approves it' },
  'audit-stream.failed': {
    severity: 'error',
    text: 'A stream of the audit log has failed for an hour, or its receiver ended it (owners)',
  },
  'stack.failed': { severity: 'warning', text: 'A stack could not be installed (administrators)' },
  'snapshot-part.lost': {
    severity: 'error',
    text: 'A part of a snapshot is damaged in the database, and nothing has a copy (administrators)',
  },
  'invitation.received': { severity: 'info', text: 'Somebody invited you to a team' },
} as const satisfies Record<string, { severity: Severity; text: string }>;

/** Kinds of which only owners of the team are told, and of the platform only administrators. */
export const OWNERS_KINDS: readonly NotificationKind[] = ['audit-stream.failed'];

export type NotificationKind = keyof typeof NOTIFICATION_KINDS;
const KINDS = Object.keys(NOTIFICATION_KINDS) as [NotificationKind, ...NotificationKind[]];
export const NotificationKind = z.enum(KINDS);

export const NotificationView = z.object({
  id: Id,
  kind: NotificationKind,
  severity: Severity,
  teamId: Id.nullable(),
  applicationId: Id.nullable(),
  subject: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
  /** For people; the first line says what happened. */
  text: z.string(),
  /** How often it happened within an hour of the time before. */
  count: z.number().int(),
  at: Time,
  /** Since when it is over; null while it goes on, or where that cannot be said. */
  resolvedAt: Time.nullable(),
  read: z.boolean(),
});
export type NotificationView = z.infer<typeof NotificationView>;

/** The value of the topic `notifications`. */
export const NotificationSummary = z.object({
  /** Up to 100. */
  unread: z.number().int(),
});
export type NotificationSummary = z.infer<typeof NotificationSummary>;

export const listNotifications = operation('listNotifications', {
  method: 'GET',
  path: '/user/notifications',
  summary: 'What happened in the teams of the person who asks, newest first',
  query: ListQuery.extend({ unread: z.enum(['true', 'false']).optional() }),
  response: pageOf(NotificationView),
});

export const getNotificationSummary = operation('getNotificationSummary', {
  method: 'GET',
  path: '/user/notifications/summary',
  summary: 'How many notifications are unread; the same on the topic `notifications`',
  response: NotificationSummary,
});

export const readNotifications = operation('readNotifications', {
  method: 'POST',
  path: '/user/notifications/read',
  summary: 'Mark notifications as read: those that are named, or all up to one',
  body: z.union([z.strictObject({ ids: z.array(Id).min(1).max(200) }), z.strictObject({ upTo: Id })]),
  response: NotificationSummary,
});

/** By kind; a kind that is left out follows the rule: owners get e-mail for errors. */
const EmailChoices = z.partialRecord(NotificationKind, z.boolean());

export const NotificationSettings = z.object({
  email: EmailChoices,
  /** Whether the platform can send e-mail, and where to. */
  emailAvailable: z.boolean(),
  emailAddress: z.string().nullable(),
});
export type NotificationSettings = z.infer<typeof NotificationSettings>;

export const getNotificationSettings = operation('getNotificationSettings', {
  method: 'GET',
  path: '/user/notification-settings',
  summary: 'What the person who asks gets e-mail for',
  response: NotificationSettings,
});

export const setNotificationSettings = operation('setNotificationSettings', {
  method: 'PUT',
  path: '/user/notification-settings',
  summary: 'Choose what to get e-mail for',
  body: z.strictObject({ email: EmailChoices }),
  response: NotificationSettings,
});

export const WebhookUrl = z
  .url({ protocol: /^https?$/, error: 'is not an http or https address' })
  .max(2000)
  .refine((url) => !/^https?:\/\/[^/]*@/.test(url), 'must not have a user name or password in it');

/** Personal ones are nobody else's business. */
const WebhookKinds = z
  .array(NotificationKind.exclude(['invitation.received', 'stack.failed', 'snapshot-part.lost']))
  .min(1, 'must name at least one kind')
  .max(KINDS.length);

export const WebhookView = z.object({
  id: Id,
  name: z.string(),
  url: z.string(),
  kinds: z.array(NotificationKind),
  active: z.boolean(),
  createdAt: Time,
  /** How the newest delivery went; null when there was none. */
  lastDelivery: z
    .object({ state: z.enum(['waiting', 'delivered', 'failed']), at: Time, error: z.string().nullable() })
    .nullable(),
});
export type WebhookView = z.infer<typeof WebhookView>;

export const listWebhooks = operation('listWebhooks', {
  method: 'GET',
  path: '/teams/:id/webhooks',
  summary: 'Webhooks of a team',
  params: IdParams,
  query: ListQuery,
  response: pageOf(WebhookView),
});

export const createWebhook = operation('createWebhook', {
  method: 'POST',
  path: '/teams/:id/webhooks',
  summary: 'Make a webhook; the secret that signs what is sent is shown this once',
  params: IdParams,
  body: z.strictObject({ name: DisplayName, url: WebhookUrl, kinds: WebhookKinds }),
  response: z.object({ webhook: WebhookView, secret: z.string() }),
  status: 201,
});

const WebhookParams = z.strictObject({ id: Id, webhookId: Id });

export const updateWebhook = operation('updateWebhook', {
  method: 'PATCH',
  path: '/teams/:id/webhooks/:webhookId',
  summary: 'Change a webhook, or switch it off and on',
  params: WebhookParams,
  body: z.strictObject({
    name: DisplayName.optional(),
    url: WebhookUrl.optional(),
    kinds: WebhookKinds.optional(),
    active: z.boolean().optional(),
  }),
  response: WebhookView,
});

export const deleteWebhook = operation('deleteWebhook', {
  method: 'DELETE',
  path: '/teams/:id/webhooks/:webhookId',
  summary: 'Delete a webhook; what was not sent yet is not sent any more',
  params: WebhookParams,
  response: NoContent,
  status: 204,
});

export const testWebhook = operation('testWebhook', {
  method: 'POST',
  path: '/teams/:id/webhooks/:webhookId/test',
  summary: 'Send a message of the kind `test` to a webhook',
  params: WebhookParams,
  response: NoContent,
  status: 204,
});

export const WebhookDelivery = z.object({
  id: Id,
  title: z.string(),
  state: z.enum(['waiting', 'delivered', 'failed']),
  attempts: z.number().int(),
  /** Why the last attempt failed. */
  error: z.string().nullable(),
  at: Time,
  nextAt: Time.nullable(),
});
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

export const listWebhookDeliveries = operation('listWebhookDeliveries', {
  method: 'GET',
  path: '/teams/:id/webhooks/:webhookId/deliveries',
  summary: 'The last fifty messages to a webhook, and how they went',
  params: WebhookParams,
  response: z.object({ items: z.array(WebhookDelivery) }),
});
