import {
  decodeLinkFrame,
  encodeLinkFrame,
  type LinkEvent,
  type LinkListener,
  LinkRequest,
} from '@flowyard/protocol';
import type { WebSocket } from 'ws';

/** The runtime at the other end. */
export interface LinkActor {
  kind: 'instance' | 'device';
  id: string;
}

/** A request with its body. */
export interface Received {
  request: LinkRequest;
  body: Uint8Array;
}

/** Bytes that may wait for a slow reader; what would come on top stays with its sender. */
export const FULL_BYTES = 8 * 1024 * 1024;
/** Requests of one connection that may wait to be handled; then its socket is not read. */
const MOST_WAITING = 500;

interface Options {
  id: string;
  actor: LinkActor;
  socket: WebSocket;
  /** Handles one request. The next one comes when this has settled: order is kept. */
  onRequest: (connection: LinkConnection, received: Received) => Promise<void>;
  onMalformed: (connection: LinkConnection) => void;
}

/** One Node-RED with link nodes. */
export class LinkConnection {
  readonly id: string;
  readonly actor: LinkActor;
  /** As others see it. */
  name = '';
  readonly #socket: WebSocket;
  readonly #options: Options;
  readonly #waiting: Received[] = [];
  /** Nothing is handled before `begin`. */
  #isBusy = true;
  #listeners = new Map<string, LinkListener>();

  constructor(options: Options) {
    this.#options = options;
    this.id = options.id;
    this.actor = options.actor;
    this.#socket = options.socket;
    this.#socket.on('message', (data) => this.#receive(data as Buffer));
  }

  /** Handles what comes, and what has come already. */
  begin(): void {
    void this.#handleAll();
  }

  /** By which others find it. */
  get key(): string {
    return `${this.actor.kind}/${this.actor.id}`;
  }

  get isFull(): boolean {
    return this.#socket.bufferedAmount > FULL_BYTES;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  listen(listeners: readonly LinkListener[]): void {
    this.#listeners = new Map(listeners.map((listener) => [listener.link, listener]));
  }

  listener(link: string): LinkListener | undefined {
    return this.#listeners.get(link);
  }

  send(event: LinkEvent, body?: Uint8Array): void {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(encodeLinkFrame(event, body));
    }
  }

  close(code: number, reason: string): void {
    this.#waiting.length = 0;
    this.#socket.close(code, reason);
  }

  #receive(data: Buffer): void {
    const frame = decodeLinkFrame(data);
    const request = frame === null ? null : LinkRequest.safeParse(frame.header);
    if (frame === null || request?.success !== true || !isWhole(request.data, frame.body)) {
      this.#options.onMalformed(this);
      return;
    }
    this.#waiting.push({ request: request.data, body: frame.body });
    if (this.#waiting.length >= MOST_WAITING) {
      this.#socket.pause();
    }
    if (!this.#isBusy) {
      void this.#handleAll();
    }
  }

  async #handleAll(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#options.onRequest(this, next);
      if (this.#waiting.length < MOST_WAITING / 2 && this.#socket.isPaused) {
        this.#socket.resume();
      }
    }
    this.#isBusy = false;
  }
}

function isWhole(request: LinkRequest, body: Uint8Array): boolean {
  return (
    request.type !== 'message' || request.parts.reduce((sum, { bytes }) => sum + bytes, 0) === body.length
  );
}
