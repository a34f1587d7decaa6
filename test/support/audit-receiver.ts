import { createHmac } from 'node:crypto';
import type { AuditBatch, StreamedAuditEntry } from '@flowyard/protocol';
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts';

export interface AuditReceiver extends WebhookReceiver {
  batches(): AuditBatch[];
  entries(): StreamedAuditEntry[];
  events(): string[];
}

/** A program that takes a stream of the audit log, on a free port. What it refused does not count. */
export async function startAuditReceiver(): Promise<AuditReceiver> {
  const receiver = await startWebhookReceiver();
  const batches = (): AuditBatch[] =>
    receiver.messages.filter(({ status }) => status < 300).map(({ body }) => JSON.parse(body));
  const entries = () => batches().flatMap((batch) => batch.entries);
  return { ...receiver, batches, entries, events: () => entries().map(({ event }) => event) };
}

/** As a receiver checks it, from what the docs say. */
export function isSigned(message: WebhookReceiver['messages'][number], secret: string): boolean {
  const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(
    String(message.headers['x-flowyard-signature']),
  ) ?? ['', '', ''];
  const wanted = createHmac('sha256', secret).update(`${seconds}.${message.body}`).digest('hex');
  return signature === wanted && Math.abs(Date.now() / 1000 - Number(seconds)) < 300;
}
