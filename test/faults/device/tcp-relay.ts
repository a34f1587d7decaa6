import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** Passes connections on to a port of this machine, until it is told to hold everything without closing anything. */
export class TcpRelay {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#accept(socket));
  readonly #to: number;
  #isHolding = false;
  /** What has passed, in both directions. */
  bytes = 0;

  constructor(to: number) {
    this.#to = to;
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on nothing passes, and nobody is told: as when a router loses its table. */
  hold(): void {
    this.#isHolding = true;
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** New connections pass again; the old ones stay as they are. */
  pass(): void {
    this.#isHolding = false;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.#keep(socket);
    if (this.#isHolding) {
      socket.pause();
      return;
    }
    const onward = connect(this.#to, '127.0.0.1');
    this.#keep(onward);
    for (const one of [socket, onward]) {
      one.on('data', (chunk: Buffer) => {
        this.bytes += chunk.length;
      });
    }
    socket.pipe(onward).pipe(socket);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
