import { randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import type { AgentStatus } from '../commands/status.ts';
import type { Check } from '../doctor/check.ts';
import { writeFileAtomically } from '../files/atomic-file.ts';
import { EditorProxy, type EditorWay, refuse } from './editor-proxy.ts';
import { pageHtml } from './page-html.ts';

/** What the page shows and does. */
export interface LocalSource {
  deviceName(): string;
  status(): Omit<AgentStatus, 'at'>;
  releases(): Promise<ShownRelease[]>;
  lastLines(count: number): Promise<Array<{ at: string; level: string; text: string }>>;
  examine(): Promise<Check[]>;
  /** @returns why it cannot be done, null when it is under way */
  rollBack(): Promise<string | null>;
  /** Null where the plant does not want an emergency editor. */
  emergency(): ShownEmergency | null;
  /** @returns why it cannot be opened or prolonged, null when it is under way */
  openEmergencyEditor(): Promise<string | null>;
  endEmergencyEditor(): Promise<void>;
  /** Null while it is not open. */
  wayToEditor(): EditorWay | null;
}

export interface ShownEmergency {
  /** For how long it is opened at once. */
  minutes: number;
  /** How long it stays open; null while it is not. */
  leftMs: number | null;
  /** The editor answers. */
  isReady: boolean;
}

export interface ShownRelease {
  snapshot: string;
  role: 'current' | 'before';
}

export interface LocalPageOptions {
  folder: string;
  host: string;
  port: number;
  source: LocalSource;
}

const PASSWORD_BYTES = 15;
const LOG_LINES = 200;

/** Where the password of the page is kept: who may read the folder may use the page. */
export function passwordFile(folder: string): string {
  return path.join(folder, 'local-page-password');
}

async function readOrMakePassword(folder: string): Promise<string> {
  const file = passwordFile(folder);
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known.trim() !== '') {
    return known.trim();
  }
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  await writeFileAtomically(file, `${password}\n`, { mode: 0o600 });
  return password;
}

/**
 * A page of the agent itself, for somebody who stands before the machine while the network is away. It is off unless
 * it is asked for, and wants a password.
 */
export class LocalPage {
  readonly #server: Server;
  readonly #source: LocalSource;
  readonly #password: Buffer;
  readonly #editor: EditorProxy;
  readonly #upgraded = new Set<Duplex>();

  static async start(options: LocalPageOptions): Promise<LocalPage> {
    const page = new LocalPage(options.source, await readOrMakePassword(options.folder));
    await new Promise<void>((resolve, reject) => {
      page.#server.once('error', reject);
      page.#server.listen(options.port, options.host, resolve);
    });
    return page;
  }

  private constructor(source: LocalSource, password: string) {
    this.#source = source;
    this.#password = Buffer.from(password);
    this.#editor = new EditorProxy(() => source.wayToEditor());
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
    this.#server.requestTimeout = 30_000;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    for (const socket of this.#upgraded) {
      socket.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (!this.#isAllowed(request)) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="Flowyard device", charset="UTF-8"' });
      response.end('The password is in the file local-page-password in the folder of the device.');
      return;
    }
    try {
      await this.#route(request, response);
    } catch (error) {
      sendJson(response, 500, { problem: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Of what is here, only the editor speaks by WebSocket. */
  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    this.#upgraded.add(socket);
    socket.once('close', () => this.#upgraded.delete(socket));
    if (!this.#editor.handles(request)) {
      return refuse(socket, '404 Not Found');
    }
    if (!this.#isAllowed(request) && !this.#editor.hasPass(request)) {
      return refuse(socket, '401 Unauthorized');
    }
    await this.#editor.upgrade(request, socket, head);
  }

  #isAllowed({ headers }: IncomingMessage): boolean {
    const [, encoded = ''] = /^Basic (.+)$/i.exec(headers.authorization ?? '') ?? [];
    const given = Buffer.from(Buffer.from(encoded, 'base64').toString().split(':').slice(1).join(':'));
    return given.length === this.#password.length && timingSafeEqual(given, this.#password);
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#editor.handles(request)) {
      return this.#editor.request(request, response);
    }
    const isEmergency = request.url?.startsWith('/emergency/') === true;
    switch (isEmergency && this.#source.emergency() === null ? '' : `${request.method} ${request.url}`) {
      case 'GET /':
        return sendPage(response, this.#source.deviceName());
      case 'GET /state':
        return sendJson(response, 200, {
          ...this.#source.status(),
          name: this.#source.deviceName(),
          emergency: this.#source.emergency(),
          releases: await this.#source.releases(),
          log: await this.#source.lastLines(LOG_LINES),
        });
      case 'POST /examine':
        return sendJson(response, 200, await this.#source.examine());
      case 'POST /roll-back':
        return this.#change(request, response, () => this.#source.rollBack());
      case 'POST /emergency/open':
        return this.#change(request, response, () => this.#source.openEmergencyEditor());
      case 'POST /emergency/end':
        return this.#change(request, response, async () => {
          await this.#source.endEmergencyEditor();
          return null;
        });
      default:
        return sendJson(response, 404, { problem: 'There is no such page.' });
    }
  }

  /** Pages of others can have a browser send requests with the password, but not with this header. */
  async #change(
    request: IncomingMessage,
    response: ServerResponse,
    change: () => Promise<string | null>,
  ): Promise<void> {
    if (request.headers['x-requested-with'] !== 'flowyard') {
      return sendJson(response, 403, {
        problem: 'A request that changes something needs the header X-Requested-With: flowyard.',
      });
    }
    const problem = await change();
    sendJson(response, problem === null ? 202 : 409, { problem });
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}

function sendPage(response: ServerResponse, name: string): void {
  const nonce = randomBytes(16).toString('base64');
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  });
  response.end(pageHtml(name, nonce));
}
