import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AgentCommand,
  AgentMessage,
  DEFAULT_TRIAL,
  type DeviceCurrent,
  type DeviceTarget,
  type SnapshotManifest,
  SpooledEvent,
} from '@flowyard/protocol';
import { WebSocket, WebSocketServer } from 'ws';
import { eventually } from '../../../support/eventually.ts';

export const TOKEN = 'device-token-of-the-test';
export const PROVISIONING_TOKEN = 'provisioning-token-of-the-test';
export const SECRET = 'secret-of-the-device';
export const DEVICE_ID = 'dev0001';

interface Content {
  flows: unknown[];
  credentials?: unknown;
  manifest?: Partial<SnapshotManifest>;
}

/**
 * The agent's side of a control plane, with the real protocol over real sockets. Everything that an agent sends is
 * checked against the schemas; what does not fit is kept in `violations`.
 */
export class FakeControlPlane {
  readonly states: DeviceCurrent[] = [];
  readonly logs: string[] = [];
  /** What came from the spool of events. */
  readonly events: SpooledEvent[] = [];
  readonly violations: string[] = [];
  readonly requests: string[] = [];
  hellos = 0;
  /** By how much the clock of the device is ahead of ours. */
  skewMs: number | null = null;
  /** What is answered to every request and upgrade instead, when set. */
  refuseWith: { status: number; body: string } | null = null;
  readonly #blobs = new Map<string, Buffer>();
  readonly #http = createServer((request, response) => this.#answer(request, response));
  readonly #ws = new WebSocketServer({ noServer: true });
  #target: DeviceTarget;
  #port = 0;

  constructor() {
    this.#target = {
      generation: 1,
      desired: 'running',
      restarts: 0,
      retries: 0,
      device: { name: 'Filler 3', applicationName: 'Bottling line', teamId: 'team001' },
      snapshot: null,
      variables: { below: {}, above: {} },
      settings: {},
      mode: 'fleet',
      developer: null,
      trial: DEFAULT_TRIAL,
    };
    this.#http.on('upgrade', (request, socket, head) => {
      const status = this.#refusal(request);
      if (status !== null) {
        socket.end(`HTTP/1.1 ${status.status} Refused\r\nConnection: close\r\n\r\n${status.body}`);
        return;
      }
      this.#ws.handleUpgrade(request, socket, head, (ws) => this.#serve(ws));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get last(): DeviceCurrent | undefined {
    return this.states.at(-1);
  }

  /** Listens, on the same port again after a stop. */
  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#http.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#http.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    for (const client of this.#ws.clients) {
      client.terminate();
    }
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  /** Makes a snapshot of these parts. */
  snapshot(id: string, { flows, credentials, manifest }: Content): NonNullable<DeviceTarget['snapshot']> {
    return {
      id,
      name: `Snapshot ${id}`,
      manifest: {
        version: 1,
        flows: this.#blob(flows),
        credentials: credentials === undefined ? null : this.#blob(credentials),
        variables: [],
        modules: {},
        lock: null,
        nodeRed: '4.1.15',
        nodeJs: '20.20.2',
        ...manifest,
      },
    };
  }

  /** Changes the target and tells whoever is connected. */
  setTarget(change: Partial<DeviceTarget>): void {
    this.#target = { ...this.#target, ...change, generation: this.#target.generation + 1 };
    this.sendTarget();
  }

  /** Tells the target as it is, once more. */
  sendTarget(): void {
    for (const client of this.#ws.clients) {
      this.#send(client, { type: 'target', target: this.#target });
    }
  }

  /** Resolves when such an event has come. */
  async until(event: string, fits: (details: Record<string, unknown>) => boolean): Promise<void> {
    await eventually(() => this.events.some((each) => each.event === event && fits(each.details)));
  }

  watchLogs(on: boolean): void {
    for (const client of this.#ws.clients) {
      this.#send(client, { type: 'watch-logs', on });
    }
  }

  /** Closes the connections with a code of the protocol. */
  closeLinks(code: number): void {
    for (const client of this.#ws.clients) {
      client.close(code);
    }
  }

  #blob(value: unknown): string {
    return this.keep(JSON.stringify(value));
  }

  /** Keeps a part of a snapshot. Answers its digest. */
  keep(text: string): string {
    const bytes = Buffer.from(text);
    const digest = `sha256-${createHash('sha256').update(bytes).digest('hex')}`;
    this.#blobs.set(digest, bytes);
    return digest;
  }

  #send(client: WebSocket, command: AgentCommand): void {
    if (client.readyState === WebSocket.OPEN) {
      client.send(JSON.stringify(AgentCommand.parse(command)));
    }
  }

  #refusal(request: IncomingMessage): { status: number; body: string } | null {
    const isKnown = request.headers.authorization === `Bearer ${TOKEN}`;
    return this.refuseWith ?? (isKnown ? null : { status: 401, body: '' });
  }

  #serve(socket: WebSocket): void {
    let isGreeted = false;
    socket.on('message', (data) => {
      const message = AgentMessage.safeParse(JSON.parse(data.toString()));
      if (!message.success || (!isGreeted && message.data.type !== 'hello')) {
        this.violations.push(data.toString());
        return;
      }
      switch (message.data.type) {
        case 'hello':
          isGreeted = true;
          this.hellos += 1;
          this.skewMs = message.data.time - Date.now();
          this.states.push(message.data.current);
          this.#send(socket, { type: 'target', target: this.#target });
          break;
        case 'state':
          this.states.push(message.data.current);
          break;
        case 'spool':
          this.#takeIn(socket, message.data);
          break;
        case 'logs':
          this.logs.push(...message.data.lines.map(({ text }) => text));
          break;
      }
    });
  }

  #takeIn(socket: WebSocket, { epoch, stream, entries }: Extract<AgentMessage, { type: 'spool' }>): void {
    if (stream === 'events') {
      this.events.push(...entries.map(({ body }) => SpooledEvent.parse(body)));
    }
    this.#send(socket, { type: 'spool-ack', epoch, stream, seq: entries.at(-1)?.seq ?? 0 });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method, url = '' } = request;
    this.requests.push(`${method} ${url}`);
    if (this.refuseWith !== null) {
      response.writeHead(this.refuseWith.status, { 'content-type': 'text/html' }).end(this.refuseWith.body);
      return;
    }
    if (method === 'POST' && url === '/api/v1/agent/register') {
      this.#register(request, response);
      return;
    }
    const blob = this.#blobs.get(url.replace('/api/v1/agent/blobs/', ''));
    if (this.#refusal(request) !== null || blob === undefined) {
      response.writeHead(404).end(JSON.stringify({ error: { code: 'not-found', message: 'No such part.' } }));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(blob);
  }

  #register(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    if (request.headers.authorization !== `Bearer ${PROVISIONING_TOKEN}`) {
      const error = { code: 'unauthorized', message: 'This token has been used up.' };
      response.writeHead(401).end(JSON.stringify({ error }));
      return;
    }
    const credentials = { url: 'http://public.example', deviceId: DEVICE_ID, token: TOKEN, secret: SECRET };
    response.writeHead(201).end(JSON.stringify(credentials));
  }
}
