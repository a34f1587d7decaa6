import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type LiveMessage, LiveRequest } from '@flowyard/protocol';
import { type WebSocket, WebSocketServer } from 'ws';

export const TOKEN = 'token-of-the-instance';

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

type Answer = { status: number; body: unknown };
type Handler = (request: ReceivedRequest) => Answer;

/** The part of a control plane that nodes and plugins talk to: chosen answers over real HTTP, and `/live`. */
export class FakePlatform {
  readonly requests: ReceivedRequest[] = [];
  readonly topics = new Map<WebSocket, Set<string>>();
  readonly #handlers = new Map<string, Handler>();
  readonly #values = new Map<string, unknown>();
  readonly #http = createServer((request, response) => void this.#answer(request, response));
  readonly #ws = new WebSocketServer({ noServer: true });
  /** What is asked by `/live` is heard once this has resolved. */
  #hears: Promise<void> = Promise.resolve();
  #port = 0;

  constructor() {
    this.#http.on('upgrade', (request, socket, head) => {
      if (request.url !== '/live' || request.headers.authorization !== `Bearer ${TOKEN}`) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
        return;
      }
      this.#ws.handleUpgrade(request, socket, head, (ws) => this.#serve(ws));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens, on the same port again after a stop. */
  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#http.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#http.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    this.dropLinks();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  dropLinks(): void {
    for (const client of this.#ws.clients) {
      client.terminate();
    }
  }

  /** Answers `GET /instances/x` and the like, below `/api/v1`. */
  on(route: string, handler: Handler): this {
    this.#handlers.set(route, handler);
    return this;
  }

  /** The present value of a topic. */
  setValue(topic: string, value: unknown): void {
    this.#values.set(topic, value);
    this.#tell(topic, { type: 'value', topic, value });
  }

  /** Tells a change of something that a topic contains. */
  change(
    topic: string,
    kind: 'device' | 'deployment' | 'snapshot' | 'pipeline',
    id: string,
    value: unknown,
  ): void {
    this.#tell(topic, { type: 'change', topic, kind, id, value });
  }

  /** Lets `/live` connections wait. @returns what lets them through */
  holdLinks(): () => void {
    let release = () => {};
    this.#hears = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  isSubscribed(topic: string): boolean {
    return [...this.topics.values()].some((topics) => topics.has(topic));
  }

  #tell(topic: string, message: LiveMessage): void {
    for (const [client, topics] of this.topics) {
      if (topics.has(topic)) {
        client.send(JSON.stringify(message));
      }
    }
  }

  #serve(client: WebSocket): void {
    const topics = new Set<string>();
    this.topics.set(client, topics);
    client.on('close', () => this.topics.delete(client));
    client.on('message', async (data) => {
      await this.#hears;
      const request = LiveRequest.parse(JSON.parse(data.toString()));
      if (request.type === 'unsubscribe') {
        topics.delete(request.topic);
        return;
      }
      topics.add(request.topic);
      const value = this.#values.get(request.topic);
      if (value !== undefined) {
        client.send(JSON.stringify({ type: 'value', topic: request.topic, value } satisfies LiveMessage));
      }
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) {
      text += chunk;
    }
    const { pathname } = new URL(request.url ?? '/', this.url);
    const received: ReceivedRequest = {
      method: request.method ?? '',
      path: pathname.replace('/api/v1', ''),
      headers: request.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    this.requests.push(received);
    const handler = this.#handlers.get(`${received.method} ${received.path}`);
    const isKnown = request.headers.authorization === `Bearer ${TOKEN}`;
    const error = { code: isKnown ? 'not_found' : 'unauthorized', message: 'There is nothing of that kind.' };
    const { status, body } =
      isKnown && handler ? handler(received) : { status: isKnown ? 404 : 401, body: { error } };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }
}

export function page<T>(items: T[]): { items: T[]; nextCursor: null; total: number } {
  return { items, nextCursor: null, total: items.length };
}
