import type { AuditBatch } from '@flowyard/protocol';
import type { Vault } from '../../secrets/vault.ts';
import type { PostJson } from '../notifications/post-json.ts';
import { signatureOf } from '../notifications/webhook-sender.ts';
import type { AuditStreamRow } from './store.ts';

const GONE = 410;

/** The receiver wants no more. */
export class ReceiverGone extends Error {}

/** Posts batches to the receivers of streams, signed as webhooks are. */
export class AuditStreamSender {
  readonly #parts: { vault: Vault; post: PostJson };

  constructor(parts: { vault: Vault; post: PostJson }) {
    this.#parts = parts;
  }

  /** Resolves when the receiver took it. */
  async send(stream: AuditStreamRow, content: Omit<AuditBatch, 'streamId'>): Promise<void> {
    const batch: AuditBatch = { streamId: stream.id, ...content };
    const body = JSON.stringify(batch);
    const [first, last] = [batch.entries[0], batch.entries.at(-1)];
    const status = await this.#parts.post(stream.url, body, {
      'x-flowyard-event': first ? 'audit' : 'test',
      'x-flowyard-delivery': `${stream.id}-${first?.sequence ?? 0}-${last?.sequence ?? 0}`,
      'x-flowyard-signature': signatureOf(this.#parts.vault.unseal(stream.secret), body),
    });
    if (status === GONE) {
      throw new ReceiverGone('The receiver answered 410: it wants no more entries.');
    }
    if (status < 200 || status > 299) {
      throw new Error(`The receiver answered ${status}.`);
    }
  }
}
