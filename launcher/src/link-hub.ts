import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { CLOSE } from '@flowyard/protocol';
import { type WebSocket, WebSocketServer } from 'ws';

const PING_MS = 10_000;
const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Where Node-RED processes that we run connect to. Each is known by its token. */
export class LinkHub {
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  readonly #expected = new Map<string, (socket: WebSocket) => void>();
  readonly #pinging: NodeJS.Timeout;

  constructor() {
    this.#pinging = setInterval(() => {
      for (const socket of this.#server.clients) {
        socket.ping();
      }
    }, PING_MS);
    this.#pinging.unref();
  }

  /** Takes connections with that token until the returned function is called. */
  expect(token: string, onConnection: (socket: WebSocket) => void): () => void {
    this.#expected.set(token, onConnection);
    return () => {
      if (this.#expected.get(token) === onConnection) {
        this.#expected.delete(token);
      }
    };
  }

  /** Completes the upgrade of a process with a known token; false, and nothing done, when it is not known. */
  accept(token: string, request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const onConnection = this.#expected.get(token);
    if (!onConnection) {
      return false;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => onConnection(webSocket));
    return true;
  }

  /** Listens on a Unix socket (or named pipe), for where there is no HTTP server. Resolves with the URL to dial. */
  async listen(socketPath: string): Promise<{ url: string; close(): Promise<void> }> {
    if (process.platform !== 'win32') {
      rmSync(socketPath, { force: true });
    }
    const server = createServer((_, response) => response.writeHead(404).end());
    server.on('upgrade', (request, socket, head) => {
      if (!this.accept(bearerOf(request) ?? '', request, socket, head)) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
      }
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
    return { url: `ws+unix://${socketPath}:/agent`, close: () => this.#closeServer(server) };
  }

  /** Closes all connections; the processes dial again. */
  close(): void {
    clearInterval(this.#pinging);
    this.#expected.clear();
    for (const socket of this.#server.clients) {
      socket.close(CLOSE.shuttingDown);
    }
  }

  #closeServer(server: Server): Promise<void> {
    for (const socket of this.#server.clients) {
      socket.terminate();
    }
    return new Promise((resolve) => server.close(() => resolve()));
  }
}

/** The bearer token of a request; null when there is none. */
export function bearerOf(request: IncomingMessage): string | null {
  const match = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}
