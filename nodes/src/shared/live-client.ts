import type { LiveMessage, LiveRequest } from '@flowyard/protocol';
import { WebSocket } from 'ws';
import type { Platform } from './platform';

export interface LiveClientOptions {
  platform: Platform;
  topics: readonly string[];
  onMessage: (message: LiveMessage) => void;
  /** `problem` says why there is no connection. */
  onState: (state: 'connecting' | 'connected' | 'lost', problem: string | null) => void;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
const HANDSHAKE_TIMEOUT_MS = 15_000;
const PING_MS = 25_000;

/** Keeps a connection to the control plane's live updates up until it is closed. */
export class LiveClient {
  readonly #options: LiveClientOptions;
  #socket: WebSocket | null = null;
  #timer: NodeJS.Timeout | undefined;
  #pinging: NodeJS.Timeout | undefined;
  #failures = 0;
  #isClosed = false;

  constructor(options: LiveClientOptions) {
    this.#options = options;
    this.#connect();
  }

  /** Resolves when the connection is gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearInterval(this.#pinging);
    const socket = this.#socket;
    if (socket === null || socket.readyState === WebSocket.CLOSED) {
      return;
    }
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.terminate();
    });
  }

  #connect(): void {
    const { platform, topics, onState } = this.#options;
    onState('connecting', null);
    const socket = new WebSocket(`${platform.url.replace(/^http/, 'ws')}/live`, {
      headers: { authorization: `Bearer ${platform.token}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    let problem: string | null = null;
    socket.on('open', () => {
      this.#failures = 0;
      for (const topic of topics) {
        socket.send(JSON.stringify({ type: 'subscribe', topic } satisfies LiveRequest));
      }
      this.#watch(socket);
      onState('connected', null);
    });
    socket.on('message', (data) => this.#receive(data.toString()));
    socket.on('error', (error) => {
      problem = error.message;
    });
    socket.on('close', () => this.#tryAgain(problem));
  }

  #receive(text: string): void {
    let message: LiveMessage;
    try {
      message = JSON.parse(text) as LiveMessage;
    } catch {
      return;
    }
    this.#options.onMessage(message);
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
    this.#timer = setTimeout(() => this.#connect(), longest / 2 + (longest / 2) * Math.random());
  }
}
