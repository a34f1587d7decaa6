import { AuditStreamSender } from '../features/audit-streams/sender.ts';
import { AuditStreamService } from '../features/audit-streams/service.ts';
import { AuditStreamer } from '../features/audit-streams/streamer.ts';
import { DeviceWatch } from '../features/devices/device-watch.ts';
import { HostRecorder } from '../features/devices/host-recorder.ts';
import { DeliveryQueue } from '../features/notifications/delivery-queue.ts';
import { type Mail, Mailer } from '../features/notifications/mailer.ts';
import { NotificationService } from '../features/notifications/notification-service.ts';
import { createPostJson } from '../features/notifications/post-json.ts';
import { WebhookSender } from '../features/notifications/webhook-sender.ts';
import { WebhookService } from '../features/notifications/webhook-service.ts';
import type { Foundation } from './foundation.ts';

/** What leaves the control plane: e-mail and webhooks. */
export function composeOutside({ config, logger, db, vault, changes, listeners }: Foundation) {
  const publicUrl = () => listeners.publicUrl();
  const queue = new DeliveryQueue({ db, vault, logger });
  const mailer = new Mailer({ settings: config.mail, db, queue });
  queue.use('mail', (mail) => mailer.deliver(mail as Mail));
  const post = createPostJson(config.webhookTargets);
  const sender = new WebhookSender({
    db,
    vault,
    queue,
    post,
    publicUrl,
  });
  const notifications = new NotificationService({ db, changes, mailer, webhooks: sender, publicUrl });
  const webhooks = new WebhookService({ db, vault, sender, publicUrl });
  const watch = new DeviceWatch({ db, notifications, logger });
  const hosts = new HostRecorder({ db, notifications, logger });
  const auditSender = new AuditStreamSender({ vault, post });
  const auditStreamer = new AuditStreamer({ db, changes, sender: auditSender, notifications, logger });
  const auditStreams = new AuditStreamService({
    db,
    vault,
    sender: auditSender,
    notifications,
    wake: () => auditStreamer.wake(),
  });
  return { queue, mailer, notifications, webhooks, watch, hosts, auditStreams, auditStreamer };
}
export type Outside = ReturnType<typeof composeOutside>;
