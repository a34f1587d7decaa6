import type { LiveMessage, LiveRequest } from '@flowyard/protocol';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const CLOSE_UNAUTHORIZED = 4401;

export interface LiveHandlers {
  onMessage(message: LiveMessage): void;
  onOpen(): void;
  onDown(): void;
  onUnauthorized(): void;
}

/**
 * One socket to `/live` that comes back by itself. It knows the wanted topics and asks for all of them whenever
 * it is open again; what they mean is up to whoever listens.
 *
 * idle → (first topic) connecting → open → (lost) waiting → connecting → …; `close` leads back to idle.
 */
export class LiveConnection {
  readonly #url: string;
  readonly #handlers: LiveHandlers;
  readonly #topics = new Set<string>();
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #failures = 0;

  constructor(url: string, handlers: LiveHandlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  subscribe(topic: string): void {
    this.#topics.add(topic);
    this.#send({ type: 'subscribe', topic });
    if (this.#socket === null && this.#timer === null) {
      this.#connect();
    }
  }

  unsubscribe(topic: string): void {
    this.#topics.delete(topic);
    this.#send({ type: 'unsubscribe', topic });
  }

  /** Tries at once instead of at the end of the wait, for example when the machine is back on the network. */
  hurry(): void {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
      this.#connect();
    }
  }

  close(): void {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    this.#topics.clear();
    this.#failures = 0;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #connect(): void {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener('open', () => {
      if (socket !== this.#socket) {
        return;
      }
      this.#failures = 0;
      for (const topic of this.#topics) {
        this.#send({ type: 'subscribe', topic });
      }
      this.#handlers.onOpen();
    });
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket) {
        this.#handlers.onMessage(JSON.parse(String(data)) as LiveMessage);
      }
    });
    socket.addEventListener('close', ({ code }) => {
      if (socket === this.#socket) {
        this.#lost(code);
      }
    });
  }

  #lost(code: number): void {
    this.#socket = null;
    this.#handlers.onDown();
    if (code === CLOSE_UNAUTHORIZED) {
      this.#handlers.onUnauthorized();
      return;
    }
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    this.#failures += 1;
    // Jitter, so that a thousand pages do not come back in the same instant after a restart of the server.
    const wait = longest / 2 + (Math.random() * longest) / 2;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#connect();
    }, wait);
  }

  #send(request: LiveRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(request));
    }
  }
}
