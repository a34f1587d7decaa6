import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type Config, ConfigError } from '../config.ts';

const DRAIN_MS = 5000;
const HEADERS_TIMEOUT_MS = 30_000;

interface Handlers {
  request: RequestListener;
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

interface Listening {
  server: Server;
  port: number;
  sockets: Set<Socket>;
}

/** Where the control plane listens: its public address, and one on loopback for the processes of this machine. */
export class Listeners {
  readonly #config: Config;
  readonly #all: Listening[] = [];
  #public: Listening | undefined;
  #internal: Listening | undefined;

  constructor(config: Config) {
    this.#config = config;
  }

  /** @throws ConfigError when it cannot listen there */
  async start(handlers: Handlers): Promise<void> {
    const { host, port, tls } = this.#config;
    const server = tls === null ? createHttpServer() : createHttpsServer(tls);
    this.#public = await this.#listen(server as Server, handlers, host, port);
    this.#internal = this.#needsInternal() ? await this.#listenInternally(handlers) : this.#public;
  }

  get port(): number {
    return this.#public?.port ?? this.#config.port;
  }

  /** The address people use; the instances' domain is its host name. */
  publicUrl(): string {
    const scheme = this.#config.tls === null ? 'http' : 'https';
    return this.#config.publicUrl ?? `${scheme}://localhost:${this.port}`;
  }

  /** The address for processes on this machine. It stays the same over a restart, so that they find back. */
  controlUrl(): string {
    return `http://127.0.0.1:${this.#internal?.port ?? this.port}`;
  }

  /** Stops accepting, lets requests under way finish for a moment, then closes what is left. */
  async stop(): Promise<void> {
    await Promise.all(
      this.#all.map(async ({ server, sockets }) => {
        const closed = new Promise((resolve) => server.close(resolve));
        server.closeIdleConnections();
        const timer = setTimeout(() => {
          for (const socket of sockets) {
            socket.destroy();
          }
        }, DRAIN_MS);
        await closed;
        clearTimeout(timer);
      }),
    );
  }

  /** Upgraded connections are not the server's any more, so it would wait for them for ever. */
  destroyUpgraded(): void {
    for (const { sockets } of this.#all) {
      for (const socket of sockets) {
        if (upgraded.has(socket)) {
          socket.destroy();
        }
      }
    }
  }

  #needsInternal(): boolean {
    const reachable = ['127.0.0.1', '0.0.0.0', '::', 'localhost'].includes(this.#config.host);
    return this.#config.tls !== null || !reachable;
  }

  async #listenInternally(handlers: Handlers): Promise<Listening> {
    const file = join(this.#config.dataDir, 'internal-port');
    const remembered = readPort(file);
    const listening = await this.#listen(createHttpServer(), handlers, '127.0.0.1', remembered).catch(() =>
      this.#listen(createHttpServer(), handlers, '127.0.0.1', 0),
    );
    writeFileSync(file, String(listening.port), { mode: 0o600 });
    return listening;
  }

  async #listen(server: Server, handlers: Handlers, host: string, port: number): Promise<Listening> {
    const sockets = new Set<Socket>();
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.on('request', handlers.request);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      upgraded.add(socket);
      handlers.upgrade(request, socket, head);
    });
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server.on('secureConnection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
      server.listen(port, host, resolve);
    });
    const listening = { server, port: (server.address() as AddressInfo).port, sockets };
    this.#all.push(listening);
    return listening;
  }
}

const upgraded = new WeakSet<Duplex>();

function readPort(file: string): number {
  try {
    const port = Number(readFileSync(file, 'utf8'));
    return Number.isInteger(port) && port > 0 && port < 65536 ? port : 0;
  } catch {
    return 0;
  }
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ConfigError(`FLOWYARD_PORT: another program listens on ${host}:${port}`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ConfigError(`FLOWYARD_HOST: ${host} is not an address of this machine`);
    case 'EACCES':
      return new ConfigError(
        `FLOWYARD_PORT: port ${port} may not be used without more rights; choose one above 1023`,
      );
    default:
      return error;
  }
}
