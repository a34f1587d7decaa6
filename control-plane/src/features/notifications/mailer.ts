import type { Transporter } from 'nodemailer';
import type { MailSettings } from '../../config.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { DeliveryQueue } from './delivery-queue.ts';

/** A letter as plain text: it reads the same everywhere, and nothing in it is executed. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
}

const TIMEOUT_MS = 20_000;

interface Parts {
  settings: MailSettings | null;
  db: Database;
  queue: DeliveryQueue;
}

/** Sends e-mail by SMTP, when that is configured. */
export class Mailer {
  readonly #parts: Parts;
  #transport: Promise<Transporter> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get isConfigured(): boolean {
    return this.#parts.settings !== null;
  }

  /** Takes a letter; it is sent soon, and tried again for a day when the mail server does not take it. */
  async send(mail: Mail): Promise<void> {
    await this.#parts.db.transact((tx) => this.sendIn(tx, mail));
  }

  /** The same as a part of a transaction: the letter leaves when that is committed, and only then. */
  async sendIn(tx: Transaction, mail: Mail): Promise<void> {
    if (this.isConfigured) {
      await this.#parts.queue.add(tx, {
        channel: 'mail',
        webhookId: null,
        title: mail.subject,
        payload: mail,
      });
    }
  }

  /** Hands a letter to the mail server now. Rejects when that does not take it. */
  async deliver(mail: Mail): Promise<void> {
    const { settings } = this.#parts;
    if (settings === null) {
      return;
    }
    this.#transport ??= connect(settings);
    await (await this.#transport).sendMail({
      from: settings.from,
      to: mail.to,
      subject: mail.subject,
      text: mail.text,
    });
  }

  async close(): Promise<void> {
    (await this.#transport)?.close();
  }
}

/** Loaded with the first letter. */
async function connect({ url }: MailSettings): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    url,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}
