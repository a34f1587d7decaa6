import { type RuntimeCommand, RuntimeMessage } from '@flowyard/protocol';
import { WebSocket } from 'ws';
import type { LinkHub } from './link-hub.ts';

export type Hello = Extract<RuntimeMessage, { type: 'hello' }>;
export type Told = Exclude<RuntimeMessage, { type: 'hello' }>;

interface ConnectionOptions {
  hub: LinkHub;
  /** Whether it is our process that says hello; any other is sent away. */
  isOurs: (hello: Hello) => boolean;
  onHello: (hello: Hello) => void;
  onMessage: (message: Told) => void;
}

/** The connection of one process, which comes and goes. */
export class RuntimeConnection {
  readonly #options: ConnectionOptions;
  readonly #forget: Array<() => void> = [];
  #socket: WebSocket | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Takes connections with that token, too. */
  expect(token: string): void {
    this.#forget.push(this.#options.hub.expect(token, (socket) => this.#attach(socket)));
  }

  /** False when the process is not connected. */
  send(command: RuntimeCommand): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.#socket.send(JSON.stringify(command));
    return true;
  }

  /** Ends the present connection; the process may come again. */
  drop(): void {
    this.#socket?.terminate();
    this.#socket = undefined;
  }

  close(): void {
    for (const forget of this.#forget) {
      forget();
    }
    this.drop();
  }

  #attach(socket: WebSocket): void {
    socket.on('error', () => {
      // 'close' follows.
    });
    socket.on('message', (data) => {
      const message = parseMessage(String(data));
      if (message === 'unknown') {
        return;
      }
      if (message?.type === 'hello' && this.#options.isOurs(message)) {
        this.#greet(socket, message);
      } else if (message && message.type !== 'hello' && socket === this.#socket) {
        this.#options.onMessage(message);
      } else {
        socket.terminate();
      }
    });
  }

  #greet(socket: WebSocket, hello: Hello): void {
    if (this.#socket !== socket) {
      this.drop();
      this.#socket = socket;
    }
    this.#options.onHello(hello);
  }
}

const KNOWN_TYPES: ReadonlySet<unknown> = new Set(
  RuntimeMessage.options.flatMap(({ shape }) => [...shape.type.values]),
);

/** A process may be newer than we are: what it says beyond what we know is not an error. */
function parseMessage(text: string): RuntimeMessage | 'unknown' | null {
  try {
    const message = JSON.parse(text);
    if (typeof message?.type === 'string' && !KNOWN_TYPES.has(message.type)) {
      return 'unknown';
    }
    const result = RuntimeMessage.safeParse(message);
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}
