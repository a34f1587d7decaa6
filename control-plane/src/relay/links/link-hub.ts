import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { watchLiveness } from '@flowyard/launcher';
import {
  CLOSE,
  LINK_PROTOCOL,
  type LinkAddress,
  type LinkRefusal,
  type LinkRequest,
  type LinkRuntime,
  MAX_LINK_FRAME_BYTES,
} from '@flowyard/protocol';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../../errors.ts';
import type { Changes } from '../changes.ts';
import type { LinkAddressBook, Route } from './address-book.ts';
import type { Addressed } from './address-store.ts';
import { type LinkActor, LinkConnection, type Received } from './link-connection.ts';
import { LinkFigures } from './link-figures.ts';
import { WaitingSenders } from './waiting-senders.ts';

const PING_MS = 20_000;
/** What changes, mostly the state of a device, comes in bursts and says nothing of its token as a rule. */
const RECHECK_MS = 1000;

interface Parts {
  book: LinkAddressBook;
  changes: Changes;
  logger: Logger;
}

type Request<T extends LinkRequest['type']> = Extract<LinkRequest, { type: T }>;

interface Member {
  connection: LinkConnection;
  /** Whether what it came in with still holds. */
  isStillValid: () => Promise<boolean>;
}

/**
 * Leads messages from the flows of one runtime to those of another. It keeps none: who cannot be reached now is told
 * to the sender, which keeps the message and hears when the other is there.
 */
export class LinkHub {
  readonly figures = new LinkFigures();
  readonly #parts: Parts;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_LINK_FRAME_BYTES,
  });
  readonly #byId = new Map<string, Member>();
  readonly #byKey = new Map<string, LinkConnection>();
  readonly #waiting = new WaitingSenders();
  readonly #doubted = new Set<LinkConnection>();
  #recheckTimer: NodeJS.Timeout | undefined;
  #turn = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.changes.on('access', () => {
      parts.book.forget();
      this.#recheckSoon([...this.#byId.values()].map(({ connection }) => connection));
    });
    parts.changes.on('change', ({ kind, id }) => {
      const connection = this.#byKey.get(`${kind}/${id}`);
      if (connection !== undefined) {
        this.#recheckSoon([connection]);
      }
    });
  }

  /** How many runtimes are connected, and what waits in their sockets. */
  get present(): { connections: number; bufferedBytes: number } {
    const bufferedBytes = [...this.#byKey.values()].reduce((sum, one) => sum + one.bufferedBytes, 0);
    return { connections: this.#byKey.size, bufferedBytes };
  }

  /** Takes over a connection of a runtime that was authenticated; `isStillValid` asks again whether it is. */
  accept(
    actor: LinkActor,
    isStillValid: () => Promise<boolean>,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#open(webSocket, actor, isStillValid).catch((error: unknown) => {
        const isKnown = error instanceof AppError;
        if (!isKnown) {
          this.#parts.logger.error({ err: error }, 'a connection of link nodes could not be opened');
        }
        webSocket.close(
          isKnown ? CLOSE.unauthorized : CLOSE.failed,
          isKnown ? error.message.slice(0, 120) : 'Try again',
        );
      });
    });
  }

  stop(): void {
    clearTimeout(this.#recheckTimer);
    for (const { connection } of this.#byId.values()) {
      connection.close(CLOSE.shuttingDown, 'The server is shutting down');
    }
    this.#server.close();
  }

  async #open(socket: WebSocket, actor: LinkActor, isStillValid: () => Promise<boolean>): Promise<void> {
    socket.on('error', (error) =>
      this.#parts.logger.debug({ err: error }, 'a connection of link nodes broke'),
    );
    const connection = new LinkConnection({
      id: randomUUID(),
      actor,
      socket,
      onRequest: (from, received) =>
        this.#handle(from, received).catch((error: unknown) => {
          this.#parts.logger.error({ err: error }, 'a message between flows could not be passed on');
          from.close(CLOSE.failed, 'Try again');
        }),
      onMalformed: (from) => from.close(CLOSE.malformed, 'The message does not fit the protocol'),
    });
    watchLiveness(socket, PING_MS);
    socket.on('close', () => this.#forget(connection));
    const { kind, id, name } = await this.#parts.book.self(actor);
    connection.name = name;
    if (socket.readyState !== socket.OPEN) {
      return;
    }
    this.#byKey
      .get(connection.key)
      ?.close(CLOSE.replaced, 'Another Node-RED of the same runtime has connected');
    this.#byKey.set(connection.key, connection);
    this.#byId.set(connection.id, { connection, isStillValid });
    connection.send({
      type: 'welcome',
      protocol: LINK_PROTOCOL,
      connection: connection.id,
      self: { kind, id, name },
    });
    connection.begin();
  }

  #forget(connection: LinkConnection): void {
    this.#byId.delete(connection.id);
    this.#waiting.forget(connection);
    if (this.#byKey.get(connection.key) === connection) {
      this.#byKey.delete(connection.key);
    }
  }

  async #handle(from: LinkConnection, { request, body }: Received): Promise<void> {
    switch (request.type) {
      case 'listen':
        from.listen(request.listeners);
        this.#waiting.tell(from.key);
        return;
      case 'message':
        return this.#message(from, request, body);
      case 'call':
        return this.#call(from, request, body);
      case 'resolve':
        return this.#resolve(from, request);
      case 'taken':
        this.#byId.get(request.to)?.connection.send({ ...told(request), by: runtimeOf(from) });
        return;
      case 'not-taken':
        this.figures.notTaken[request.reason] += 1;
        this.#byId.get(request.to)?.connection.send(told(request));
        return;
      case 'answer':
        this.figures.answers += 1;
        this.#byId
          .get(request.to)
          ?.connection.send({ type: 'answer', id: request.id, from: runtimeOf(from) }, body);
        return;
    }
  }

  async #message(from: LinkConnection, request: Request<'message'>, body: Uint8Array): Promise<void> {
    const { to, stream, after, parts } = request;
    const number = parts[0]?.number ?? 0;
    const refuse = (code: LinkRefusal, message: string) =>
      from.send({ type: 'refused', stream, number, code, message });
    const route = await this.#routeOr(from, to, refuse);
    if (route === null) {
      return;
    }
    if (to.place === 'device-group') {
      refuse('forbidden', 'A message goes to each member of a group by itself.');
      return;
    }
    const target = this.#reachable(route, to);
    if (target === null) {
      this.#waiting.add(from, to, route.to.map(keyOf));
      this.#putBack(from, request, 'away');
    } else if (!mayHear(target, route, to)) {
      this.figures.refuse('forbidden');
      refuse('forbidden', `The link in “${to.link}” there hears its own application only.`);
    } else if (target.isFull) {
      this.#putBack(from, request, 'busy');
    } else {
      this.figures.messages += parts.length;
      this.figures.bytes += body.length;
      const sender = { from: plain(route.from), connection: from.id, link: to.link };
      target.send({ type: 'message', ...sender, stream, after, parts }, body);
    }
  }

  #putBack(from: LinkConnection, { stream, parts }: Request<'message'>, reason: 'away' | 'busy'): void {
    this.figures.notTaken[reason] += parts.length;
    const number = parts[0]?.number ?? 0;
    from.send({ type: 'not-taken', stream, number, reason, taken: null });
  }

  async #call(from: LinkConnection, { id, to }: Request<'call'>, body: Uint8Array): Promise<void> {
    const refuse = (code: LinkRefusal | 'away' | 'busy', message: string) =>
      from.send({ type: 'call-refused', id, code, message });
    const route = await this.#routeOr(from, to, refuse);
    if (route === null) {
      return;
    }
    const chosen = to.place === 'any-of' ? this.#reachable(route, to) : null;
    const members = chosen === null ? route.to : route.to.filter((one) => keyOf(one) === chosen.key);
    const reached: Addressed[] = [];
    let reason: 'away' | 'busy' | 'forbidden' = 'away';
    for (const member of members) {
      const target = this.#byKey.get(keyOf(member));
      if (target?.listener(to.link) === undefined) {
        continue;
      }
      if (!mayHear(target, route, to) || target.isFull) {
        reason = target.isFull ? 'busy' : 'forbidden';
        continue;
      }
      target.send({ type: 'call', from: plain(route.from), connection: from.id, link: to.link, id }, body);
      reached.push(member);
    }
    if (reached.length === 0) {
      this.figures.refuse(reason);
      refuse(reason, NOT_REACHED[reason]);
      return;
    }
    this.figures.calls += 1;
    const away = route.to.filter((one) => to.place === 'device-group' && !reached.includes(one));
    from.send({ type: 'called', id, reached: reached.map(plain), away: away.map(plain) });
  }

  async #resolve(from: LinkConnection, { id, to }: Request<'resolve'>): Promise<void> {
    const refuse = (code: LinkRefusal, message: string) =>
      from.send({ type: 'call-refused', id, code, message });
    const route = await this.#routeOr(from, to, refuse);
    if (route !== null) {
      from.send({ type: 'members', id, members: route.to.map(plain) });
    }
  }

  async #routeOr(
    from: LinkConnection,
    to: LinkAddress,
    refuse: (code: LinkRefusal, message: string) => void,
  ): Promise<Route | null> {
    try {
      return await this.#parts.book.route(from.actor, to);
    } catch (error) {
      if (!(error instanceof AppError)) {
        throw error;
      }
      this.figures.refuse(error.code);
      refuse(error.code as LinkRefusal, error.message);
      return null;
    }
  }

  /** The next in turn of those that listen now; null when none does. */
  #reachable(route: Route, { link }: LinkAddress): LinkConnection | null {
    const there = route.to
      .map((member) => this.#byKey.get(keyOf(member)))
      .filter((connection) => connection?.listener(link) !== undefined);
    this.#turn = (this.#turn + 1) % 1_000_000;
    return there[this.#turn % there.length] ?? null;
  }

  #recheckSoon(connections: readonly LinkConnection[]): void {
    for (const connection of connections) {
      this.#doubted.add(connection);
    }
    this.#recheckTimer ??= setTimeout(() => {
      this.#recheckTimer = undefined;
      void this.#recheck();
    }, RECHECK_MS);
  }

  async #recheck(): Promise<void> {
    const doubted = [...this.#doubted];
    this.#doubted.clear();
    for (const connection of doubted) {
      const mayStay = await this.#byId.get(connection.id)?.isStillValid();
      if (mayStay === false) {
        connection.close(CLOSE.unauthorized, 'The token is not valid any more');
      }
    }
  }
}

const NOT_REACHED = {
  away: 'Nobody listens there now.',
  busy: 'It cannot keep up: too much waits to be read there.',
  forbidden: 'The link in there hears its own application only.',
};

function told<T extends { type: 'taken' | 'not-taken'; to: string }>({ to: _to, ...event }: T) {
  return event;
}

function keyOf({ kind, id }: LinkRuntime): string {
  return `${kind}/${id}`;
}

function plain({ kind, id, name }: LinkRuntime): LinkRuntime {
  return { kind, id, name };
}

function runtimeOf({ actor, name }: LinkConnection): LinkRuntime {
  return { kind: actor.kind, id: actor.id, name };
}

function mayHear(target: LinkConnection, { from, to }: Route, { link }: LinkAddress): boolean {
  const home = to.find((one) => keyOf(one) === target.key)?.applicationId ?? null;
  return target.listener(link)?.hears === 'team' || (home !== null && home === from.applicationId);
}
