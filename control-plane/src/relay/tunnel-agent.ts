import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';

/** How many requests to one device are under way at once; others wait. A browser makes six. */
const MAX_SOCKETS = 24;
const MAX_FREE_SOCKETS = 8;
/** Less than Node-RED keeps idle connections. */
const FREE_MS = 50_000;

/** What Node.js' HTTP client does with a socket that a stream does not have. */
interface SocketLike {
  setTimeout(ms: number, onTimeout?: () => void): unknown;
  setKeepAlive(): unknown;
  setNoDelay(): unknown;
  ref(): unknown;
  unref(): unknown;
}

export type TunnelSocket = Duplex & SocketLike;

/** Makes of a stream what HTTP takes for a socket. `timeout` is emitted when nothing passes for so long. */
export function toSocket(stream: Duplex): TunnelSocket {
  let timer: NodeJS.Timeout | undefined;
  let afterMs = 0;
  const again = () => {
    clearTimeout(timer);
    if (afterMs > 0) {
      timer = setTimeout(() => stream.emit('timeout'), afterMs);
      timer.unref();
    }
  };
  const write = stream.write.bind(stream);
  const push = stream.push.bind(stream);
  const socket = Object.assign(stream, {
    setTimeout(ms: number, onTimeout?: () => void) {
      afterMs = ms;
      again();
      if (onTimeout !== undefined && ms === 0) {
        stream.off('timeout', onTimeout);
      } else if (onTimeout !== undefined) {
        stream.once('timeout', onTimeout);
      }
      return stream;
    },
    setKeepAlive: () => stream,
    setNoDelay: () => stream,
    ref: () => stream,
    unref: () => stream,
    write: ((...parameters: Parameters<Duplex['write']>) => {
      again();
      return write(...parameters);
    }) as Duplex['write'],
    push: ((...parameters: Parameters<Duplex['push']>) => {
      again();
      return push(...parameters);
    }) as Duplex['push'],
  });
  stream.once('close', () => clearTimeout(timer));
  return socket as TunnelSocket;
}

type OnCreated = (error: Error | null, socket?: Duplex) => void;

/** Keeps connections to one device and uses them again, as the agent of Node.js does with sockets. */
export class TunnelAgent extends Agent {
  readonly #dial: () => Promise<TunnelSocket>;

  constructor(dial: () => Promise<TunnelSocket>) {
    super({ keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: MAX_FREE_SOCKETS });
    this.#dial = dial;
  }

  override createConnection(_options: ClientRequestArgs, onCreated: OnCreated): undefined {
    this.#dial().then(
      (socket) => onCreated(null, socket),
      (error: Error) => onCreated(error),
    );
  }

  override keepSocketAlive(socket: TunnelSocket): boolean {
    if (socket.destroyed) {
      return false;
    }
    socket.setTimeout(FREE_MS);
    return true;
  }

  override reuseSocket(socket: TunnelSocket, request: ClientRequest): void {
    socket.setTimeout(0);
    super.reuseSocket(socket, request);
  }
}
