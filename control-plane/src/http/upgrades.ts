import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Driver } from '../drivers/driver.ts';
import { AppError, unauthenticated } from '../errors.ts';
import type { AgentHub } from '../relay/agent-hub.ts';
import type { LinkActor } from '../relay/links/link-connection.ts';
import type { LinkHub } from '../relay/links/link-hub.ts';
import type { LiveHub } from '../relay/live-hub.ts';
import type { TunnelHub } from '../relay/tunnel-hub.ts';
import { type Authenticator, bearerOf } from './authenticate.ts';

interface Parts {
  authenticator: Authenticator;
  liveHub: LiveHub;
  linkHub: LinkHub;
  agentHub: AgentHub;
  tunnelHub: TunnelHub;
  driver: Driver;
  /** The control plane's own origins: a page of an instance must not open `/live` with a person's cookie. */
  publicUrl: () => string;
  logger: Logger;
}

const TUNNEL_PATH = '/tunnel/';

/** Leads WebSocket connections to where they belong, after finding out who opens them. */
export class Upgrades {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    this.#lead(request, socket, head).catch((error: unknown) => {
      if (!(error instanceof AppError)) {
        this.#parts.logger.error({ err: error }, 'a connection could not be accepted');
      }
      refuse(
        socket,
        error instanceof AppError ? error : new AppError(500, 'internal', 'Something went wrong.'),
      );
    });
  }

  async #lead(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    switch (request.url?.split('?')[0]) {
      case '/live':
        return this.#live(request, socket, head);
      case '/link':
        return this.#link(request, socket, head);
      case '/agent':
        return this.#agent(request, socket, head);
      default:
        if (request.url?.startsWith(TUNNEL_PATH)) {
          return this.#tunnel(request, socket, head);
        }
        throw new AppError(404, 'not_found', 'There is no such WebSocket.');
    }
  }

  async #live(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { authenticator, liveHub, publicUrl } = this.#parts;
    const origin = request.headers.origin;
    const ownHosts = [request.headers.host, new URL(publicUrl()).host];
    if (origin !== undefined && bearerOf(request) === null && !ownHosts.includes(hostOf(origin) ?? '')) {
      throw new AppError(403, 'forbidden', 'This page may not read live updates.');
    }
    const actor = await authenticator.authenticate(request);
    if (actor === null) {
      throw unauthenticated();
    }
    liveHub.accept(actor, request, socket, head);
  }

  async #link(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const actor = await this.#runtimeOf(request);
    if (actor === null) {
      throw unauthenticated(
        'Only the Node-RED of an instance or device sends messages here, with its token.',
      );
    }
    const isStillValid = () =>
      this.#runtimeOf(request).then(
        (now) => now !== null,
        (error: unknown) => !(error instanceof AppError),
      );
    this.#parts.linkHub.accept(actor, isStillValid, request, socket, head);
  }

  async #runtimeOf(request: IncomingMessage): Promise<LinkActor | null> {
    const actor = await this.#parts.authenticator.authenticate(request);
    switch (actor?.kind) {
      case 'instance':
        return { kind: 'instance', id: actor.instanceId };
      case 'device':
        return { kind: 'device', id: actor.deviceId };
      default:
        return null;
    }
  }

  async #agent(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { authenticator, agentHub, driver } = this.#parts;
    const token = bearerOf(request);
    if (token === null) {
      throw unauthenticated('An agent needs its token.');
    }
    if (driver.acceptRuntime(token, request, socket, head)) {
      return;
    }
    const actor = await authenticator.authenticate(request);
    if (actor?.kind !== 'device') {
      throw unauthenticated('This is not the token of a device.');
    }
    agentHub.accept(actor.deviceId, request, socket, head);
  }

  async #tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { authenticator, tunnelHub } = this.#parts;
    const actor = await authenticator.authenticate(request);
    if (actor?.kind !== 'device') {
      throw unauthenticated('Only devices dial tunnels, with their own token.');
    }
    const id = (request.url ?? '').slice(TUNNEL_PATH.length).split('?')[0] ?? '';
    tunnelHub.accept(actor.deviceId, id, request, socket, head);
  }
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

function refuse(socket: Duplex, error: AppError): void {
  const body = JSON.stringify({ error: { code: error.code, message: error.message } });
  socket.end(
    `HTTP/1.1 ${error.status} Refused\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
