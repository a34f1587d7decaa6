import { connect, createServer, type Server, type Socket } from 'node:net';

/** A proxy on loopback that counts what passes through it. */
export interface TestProxy {
  url: string;
  /** The host and port of each connection that it made. */
  readonly destinations: string[];
  stop(): Promise<void>;
}

type Handshake = (socket: Socket, go: (host: string, port: number, ready: Buffer) => void) => void;

async function startProxy(scheme: string, handshake: Handshake): Promise<TestProxy> {
  const destinations: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const server: Server = createServer((socket) => {
    keep(socket);
    handshake(socket, (host, port, ready) => {
      destinations.push(`${host}:${port}`);
      const far = connect(port, '127.0.0.1', () => {
        socket.write(ready);
        far.pipe(socket);
        socket.pipe(far);
      });
      keep(far);
      far.on('close', () => socket.destroy());
      socket.on('close', () => far.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `${scheme}://user:secret@127.0.0.1:${port}`,
    destinations,
    stop: async () => {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A proxy for HTTP that knows CONNECT only, and wants user and password (RFC 9110, 9.3.6). */
export function startHttpProxy(): Promise<TestProxy> {
  const expected = `Basic ${Buffer.from('user:secret').toString('base64')}`;
  return startProxy('http', (socket, go) => {
    socket.once('data', (data) => {
      const head = data.toString();
      const [, host = '', port = ''] = /^CONNECT ([^ :]+):(\d+) /.exec(head) ?? [];
      if (host === '' || !head.toLowerCase().includes(expected.toLowerCase())) {
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
        return;
      }
      go(host, Number(port), Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n'));
    });
  });
}

/** A SOCKS5 proxy with user and password (RFC 1928, RFC 1929). */
export function startSocksProxy(): Promise<TestProxy> {
  return startProxy('socks5h', (socket, go) => {
    socket.once('data', () => {
      socket.write(Buffer.from([5, 2]));
      socket.once('data', () => {
        socket.write(Buffer.from([1, 0]));
        socket.once('data', (request) => {
          const { host, port } = readRequest(request);
          go(host, port, Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        });
      });
    });
  });
}

const DOMAIN = 3;

function readRequest(request: Buffer): { host: string; port: number } {
  if (request[3] === DOMAIN) {
    const length = request[4] ?? 0;
    return { host: request.subarray(5, 5 + length).toString(), port: request.readUInt16BE(5 + length) };
  }
  return { host: [...request.subarray(4, 8)].join('.'), port: request.readUInt16BE(8) };
}
