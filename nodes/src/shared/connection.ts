import type { WebSocket } from 'ws';
import type { Platform } from './platform';

export type ConnectionState = 'connecting' | 'connected' | 'lost';

export interface ConnectionOptions {
  platform: Platform;
  /** Of the WebSocket, such as `/live`. */
  path: string;
  onOpen: (socket: WebSocket) => void;
  onMessage: (data: Buffer) => void;
  /** `problem` says why there is no connection. */
  onState: (state: ConnectionState, problem: string | null) => void;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
const HANDSHAKE_TIMEOUT_MS = 15_000;
const PING_MS = 25_000;
/** States of a WebSocket. */
const OPEN = 1;
const CLOSED = 3;

/** Keeps a WebSocket to the control plane up until it is closed. */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: WebSocket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #pinging: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    void this.#connect();
  }

  /** Sends on the connection that is open; without one nothing is sent. */
  send(data: string | Uint8Array): void {
    if (this.#socket?.readyState === OPEN) {
      this.#socket.send(data);
    }
  }

  /** Resolves when the connection is gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#pinging);
    const socket = this.#socket;
    if (socket === null || socket.readyState === CLOSED) {
      return;
    }
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.terminate();
    });
  }

  async #connect(): Promise<void> {
    const { platform, path, onOpen, onMessage, onState } = this.#options;
    // Loaded with the first node that needs it, not at the start of every Node-RED.
    const { WebSocket } = await import('ws');
    if (this.#isClosed) {
      return;
    }
    onState('connecting', null);
    const socket = new WebSocket(`${platform.url.replace(/^http/, 'ws')}${path}`, {
      headers: { authorization: `Bearer ${platform.token}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    let problem: string | null = null;
    socket.on('open', () => {
      this.#failures = 0;
      this.#watch(socket);
      onOpen(socket);
      onState('connected', null);
    });
    socket.on('message', (data) => {
      if (!this.#isClosed) {
        onMessage(data as Buffer);
      }
    });
    socket.on('error', (error) => {
      problem = error.message;
    });
    socket.on('close', (_code, reason) => this.#tryAgain(problem ?? (reason.toString() || null)));
  }

  /** A connection whose other end vanished without a word looks alive for hours. */
  #watch(socket: WebSocket): void {
    let isAlive = true;
    socket.on('pong', () => {
      isAlive = true;
    });
    this.#pinging = setInterval(() => {
      if (!isAlive) {
        socket.terminate();
        return;
      }
      isAlive = false;
      socket.ping();
    }, PING_MS);
  }

  #tryAgain(problem: string | null): void {
    clearInterval(this.#pinging);
    if (this.#isClosed) {
      return;
    }
    this.#failures += 1;
    this.#options.onState('lost', problem);
    const longest = Math.min(FIRST_WAIT_MS * 2 ** Math.min(this.#failures - 1, 10), LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => void this.#connect(), longest / 2 + (longest / 2) * Math.random());
  }
}
