import {
  createWebhook,
  deleteWebhook,
  getNotificationSettings,
  getNotificationSummary,
  listNotifications,
  listWebhookDeliveries,
  listWebhooks,
  readNotifications,
  setNotificationSettings,
  testWebhook,
  updateWebhook,
} from '@flowyard/protocol';
import { ACCOUNT, may, type Route, route } from '../../http/route.ts';
import { inFeature } from '../team-types/features.ts';
import type { NotificationService } from './notification-service.ts';
import type { WebhookService } from './webhook-service.ts';

interface Parts {
  notifications: NotificationService;
  webhooks: WebhookService;
}

export function notificationRoutes({ notifications, webhooks }: Parts): Route[] {
  return [
    ...inFeature('webhooks', webhookRoutes(webhooks)),
    route(listNotifications, ACCOUNT, ({ actor, query: { unread, ...query } }) =>
      notifications.list(actor, query, unread === 'true'),
    ),
    route(getNotificationSummary, ACCOUNT, ({ actor }) => notifications.summary(actor)),
    route(readNotifications, ACCOUNT, ({ actor, body }) => notifications.markRead(actor, body)),
    route(getNotificationSettings, ACCOUNT, ({ actor }) => notifications.settings(actor)),
    route(setNotificationSettings, ACCOUNT, ({ actor, body }) =>
      notifications.setSettings(actor, body.email),
    ),
  ];
}

function webhookRoutes(webhooks: WebhookService): Route[] {
  return [
    route(listWebhooks, may('webhook:read', 'team'), ({ params, query }) => webhooks.list(params.id, query)),
    route(createWebhook, may('webhook:edit', 'team'), ({ actor, params, body }) =>
      webhooks.create(actor, params.id, body),
    ),
    route(updateWebhook, may('webhook:edit', 'team'), ({ actor, params, body }) =>
      webhooks.update(actor, params.id, params.webhookId, body),
    ),
    route(deleteWebhook, may('webhook:edit', 'team'), ({ actor, params }) =>
      webhooks.delete(actor, params.id, params.webhookId),
    ),
    route(testWebhook, may('webhook:edit', 'team'), ({ actor, params }) =>
      webhooks.test(actor, params.id, params.webhookId),
    ),
    route(listWebhookDeliveries, may('webhook:read', 'team'), async ({ params }) => ({
      items: await webhooks.deliveries(params.id, params.webhookId),
    })),
  ];
}
