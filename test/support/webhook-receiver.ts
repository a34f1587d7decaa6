import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.ts';

export interface ReceivedMessage {
  headers: IncomingHttpHeaders;
  body: string;
  /** What it was answered with. */
  status: number;
}

export interface WebhookReceiver {
  url: string;
  messages: ReceivedMessage[];
  /** Answers with that status from now on. */
  answerWith(status: number): void;
  /** Takes messages and leaves them without an answer; those that wait are never answered. */
  answerNever(): void;
  /** The first message of that kind; waits for it. */
  message(kind: string): Promise<ReceivedMessage>;
  stop(): Promise<void>;
}

const NEVER = 999;

/** A program that takes webhooks, on a free port. */
export async function startWebhookReceiver(): Promise<WebhookReceiver> {
  const messages: ReceivedMessage[] = [];
  let status = 204;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      messages.push({ headers: request.headers, body, status });
      if (status === NEVER) {
        return;
      }
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    messages,
    answerWith: (next) => {
      status = next;
    },
    answerNever: () => {
      status = NEVER;
    },
    message: (kind) =>
      eventually(() => messages.find(({ headers }) => headers['x-flowyard-event'] === kind), {
        withinMs: 30_000,
      }),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
