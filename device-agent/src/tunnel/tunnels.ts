import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { watchLiveness } from '@flowyard/launcher';
import { TUNNEL_TOKEN_HEADER } from '@flowyard/protocol';
import { createWebSocketStream, WebSocket } from 'ws';
import { outgoingAgent } from '../network.ts';

export interface TunnelsOptions {
  url: string;
  token: () => string;
  /** Where the own Node-RED answers; null while there is no editor to be led to. Nothing else is ever connected to. */
  address: () => { host: string; port: number } | null;
  /** Tells the control plane that a tunnel cannot be opened. */
  onFailure: (id: string, reason: string) => void;
}

const MAX_OPEN = 128;
const DIAL_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5000;
const MAX_PAYLOAD_BYTES = 1024 * 1024;
const PING_MS = 20_000;

/**
 * Streams of bytes between the control plane and the Node-RED of this device, each asked for by the control plane and
 * dialled from here. What passes is not looked at.
 */
export class Tunnels {
  readonly #options: TunnelsOptions;
  readonly #open = new Set<() => void>();

  constructor(options: TunnelsOptions) {
    this.#options = options;
  }

  async open(id: string, token: string): Promise<void> {
    const { address, onFailure } = this.#options;
    const own = address();
    if (own === null) {
      onFailure(id, 'Node-RED does not run in developer mode on this device.');
      return;
    }
    if (this.#open.size >= MAX_OPEN) {
      onFailure(id, 'Too many connections to the editor of this device are open.');
      return;
    }
    let end = () => {};
    const close = () => end();
    this.#open.add(close);
    try {
      const nodeRed = await connectTo(own);
      end = () => nodeRed.destroy();
      const stream = await this.#dial(id, token);
      end = () => {
        nodeRed.destroy();
        stream.destroy();
      };
      join(nodeRed, stream, () => this.#open.delete(close));
    } catch (error) {
      end();
      this.#open.delete(close);
      onFailure(id, error instanceof Error ? error.message : String(error));
    }
  }

  /** Ends all of them, as when developer mode ends. */
  closeAll(): void {
    for (const close of [...this.#open]) {
      close();
    }
    this.#open.clear();
  }

  #dial(id: string, token: string): Promise<Duplex> {
    const url = `${this.#options.url.replace(/^http/, 'ws')}/tunnel/${encodeURIComponent(id)}`;
    const socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${this.#options.token()}`, [TUNNEL_TOKEN_HEADER]: token },
      handshakeTimeout: DIAL_TIMEOUT_MS,
      perMessageDeflate: false,
      ...outgoingAgent(),
      maxPayload: MAX_PAYLOAD_BYTES,
    });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () => {
        socket.off('error', reject);
        watchLiveness(socket, PING_MS);
        resolve(createWebSocketStream(socket));
      });
    });
  }
}

function connectTo({ host, port }: { host: string; port: number }): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      socket.destroy();
      reject(new Error(`Node-RED does not answer on this device: ${error.message}`));
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail(new Error('it took too long')));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

/** Leads the bytes of each into the other, as fast as the slower one takes them. */
function join(nodeRed: Socket, stream: Duplex, onEnd: () => void): void {
  const end = () => {
    nodeRed.destroy();
    stream.destroy();
    onEnd();
  };
  // An end or a failure of one is the end of the other.
  nodeRed.on('error', end).on('close', end);
  stream.on('error', end).on('close', end);
  nodeRed.pipe(stream).pipe(nodeRed);
}
