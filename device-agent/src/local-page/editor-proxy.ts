import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { IDENTITY_HEADER } from '@flowyard/protocol';
import { createProxyServer } from 'httpxy';

/** The way to the editor while it is open. */
export interface EditorWay {
  /** Null while Node-RED is being started. */
  address: { host: string; port: number } | null;
  /** Says to Node-RED who is at the editor, for this request. */
  identity: string;
}

const PREFIX = '/editor';
const PASS_COOKIE = 'flowyard_local';
const STARTING = `<!doctype html><meta charset="utf-8" /><meta http-equiv="refresh" content="2" /><title>Starting</title>
<p style="font: 15px system-ui, sans-serif">Node-RED is being started. Its editor opens by itself.</p>`;

/**
 * Leads requests below `/editor` to the editor of the own Node-RED, as somebody who may edit. Who asks has proven
 * that they may before they come here.
 */
export class EditorProxy {
  readonly #way: () => EditorWay | null;
  readonly #proxy = createProxyServer();
  /** For browsers that send no password with a WebSocket. */
  readonly #pass = randomBytes(24).toString('base64url');

  constructor(way: () => EditorWay | null) {
    this.#way = way;
    this.#proxy.on('proxyRes', (answer) => {
      // They describe the connection between us and Node-RED.
      delete answer.headers['keep-alive'];
      delete answer.headers.connection;
    });
  }

  handles({ url }: IncomingMessage): boolean {
    return new RegExp(`^${PREFIX}(?:[/?]|$)`).test(url ?? '');
  }

  /** Whether a WebSocket comes from a browser that was let in to the editor. */
  hasPass({ headers }: IncomingMessage): boolean {
    const cookies = (headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
    return cookies.includes(`${PASS_COOKIE}=${this.#pass}`);
  }

  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!isFromOwnPages(request)) {
      return say(response, 403, 'Only the page of this device may ask its editor for something.');
    }
    if (!request.url?.startsWith(`${PREFIX}/`)) {
      response.writeHead(302, { Location: `${PREFIX}/` }).end();
      return;
    }
    const way = this.#way();
    if (way === null) {
      return say(response, 404, 'The emergency editor is not open.');
    }
    if (request.url === `${PREFIX}/`) {
      response.setHeader(
        'Set-Cookie',
        `${PASS_COOKIE}=${this.#pass}; Path=${PREFIX}/; HttpOnly; SameSite=Strict`,
      );
    }
    const { address } = way;
    if (address === null) {
      response.writeHead(503, { 'Content-Type': 'text/html; charset=utf-8' }).end(STARTING);
      return;
    }
    response.removeHeader('Cache-Control');
    response.setHeader('X-Frame-Options', 'SAMEORIGIN');
    prepare(request, way.identity);
    try {
      await this.#proxy.web(request, response, { target: { ...address, protocol: 'http:' } });
    } catch {
      say(response, 503, 'Node-RED does not answer. Try again in a moment.');
    }
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const way = this.#way();
    if (way?.address == null || request.headers.origin === undefined || !isFromOwnPages(request)) {
      return refuse(socket, way === null ? '404 Not Found' : '403 Forbidden');
    }
    prepare(request, way.identity);
    const target = { ...way.address, protocol: 'http:' };
    await this.#proxy.ws(request, socket as Socket, { target }, head).catch(() => socket.destroy());
  }
}

/** Pages of others can have a browser send requests with the password, but cannot hide where they come from. */
function isFromOwnPages({ method, headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin !== undefined) {
    return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
  }
  const isRead = method === 'GET' || method === 'HEAD';
  // Browsers name no origin with what they only read, and let no page of others set this header.
  return isRead || headers['x-requested-with'] !== undefined;
}

/** Makes of the request one that Node-RED lets in, without what is between the browser and the page of the agent. */
function prepare(request: IncomingMessage, identity: string): void {
  const { headers } = request;
  delete headers.authorization;
  delete headers.cookie;
  headers[IDENTITY_HEADER] = identity;
  request.url = request.url?.slice(PREFIX.length) ?? '/';
}

function say(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}

/** Ends a WebSocket that is not let in. */
export function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
