import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  CLOSE,
  type LiveEntityKind,
  LiveRequest,
  type LogLine,
  type NodeCountsView,
} from '@flowyard/protocol';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Actor } from '../access/actor.ts';
import type { Access } from '../access/authorize.ts';
import { AppError } from '../errors.ts';
import type { Changes, EntityChange } from './changes.ts';
import { GatheredChanges } from './gathered-changes.ts';
import { LiveReader } from './live-reader.ts';
import { authorizeTopic, parseTopic, type TopicAccess } from './topics.ts';
import type { LiveViews } from './views.ts';

/** Of a whole fleet so many are read at once: others wait for the database meanwhile. */
const READ_AT_ONCE = 50;
/** The overview of a team is costly and changes with everything in it. */
const OVERVIEW_EVERY_MS = 500;
const PING_MS = 15_000;
const MAX_MESSAGE_BYTES = 4096;
const MAX_TOPICS = 200;

interface Parts {
  changes: Changes;
  access: Access;
  /** Whether the session of somebody who reads is still there. */
  isSignedIn: (actor: Actor) => Promise<boolean>;
  views: LiveViews;
  watchInstanceLog: (instanceId: string, onLines: (lines: LogLine[]) => void) => () => void;
  watchNodeCounts: (instanceId: string, onCounts: (counts: NodeCountsView) => void) => () => void;
  watchDeviceLog: (deviceId: string, onLines: (lines: LogLine[]) => void) => () => void;
  logger: Logger;
}

interface Subscription extends TopicAccess {
  stop: () => void;
}

/** Sends people's clients what changes in what they look at. */
export class LiveHub {
  readonly #parts: Parts;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  readonly #readers = new Map<LiveReader, Map<string, Subscription>>();
  readonly #devices = new GatheredChanges((changes) => this.#sendDevices(changes));
  readonly #others = new GatheredChanges((changes) => this.#sendEach(changes));
  readonly #dirtyTeams = new Set<string>();
  #teamTimer: NodeJS.Timeout | undefined;
  #pingTimer: NodeJS.Timeout | undefined;
  readonly #alive = new WeakSet<WebSocket>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    this.#parts.changes.on('change', (change) => this.#onChange(change));
    this.#parts.changes.on('access', ({ userId }) => void this.#recheck(userId));
    this.#pingTimer = setInterval(() => this.#ping(), PING_MS);
  }

  stop(): void {
    for (const timer of [this.#teamTimer, this.#pingTimer]) {
      clearTimeout(timer);
    }
    this.#devices.stop();
    this.#others.stop();
    for (const reader of this.#readers.keys()) {
      reader.close(CLOSE.shuttingDown, 'The server is shutting down');
    }
    this.#server.close();
  }

  /** Takes over a connection of somebody who was authenticated. */
  accept(actor: Actor, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket, actor));
  }

  #open(socket: WebSocket, actor: Actor): void {
    const reader = new LiveReader(socket, actor);
    this.#readers.set(reader, new Map());
    this.#alive.add(socket);
    socket.on('pong', () => this.#alive.add(socket));
    socket.on('error', (error) => this.#parts.logger.debug({ err: error }, 'a live connection broke'));
    socket.on('message', (data) => this.#onMessage(reader, socket, data.toString()));
    socket.on('close', () => {
      for (const { stop } of this.#readers.get(reader)?.values() ?? []) {
        stop();
      }
      this.#readers.delete(reader);
      reader.dispose();
    });
  }

  #onMessage(reader: LiveReader, socket: WebSocket, text: string): void {
    const request = parseRequest(text);
    if (request === null) {
      socket.close(CLOSE.malformed, 'The message does not fit the protocol');
      return;
    }
    if (request.type === 'unsubscribe') {
      this.#unsubscribe(reader, request.topic);
      return;
    }
    this.#subscribe(reader, request.topic).catch((error: unknown) =>
      this.#refuse(reader, request.topic, error),
    );
  }

  #refuse(reader: LiveReader, topic: string, error: unknown): void {
    if (error instanceof AppError) {
      reader.send({ type: 'error', topic, error: { code: error.code, message: error.message } });
      return;
    }
    this.#parts.logger.error({ err: error, topic }, 'subscription failed');
    const message = 'Something went wrong on the server. Its log has the reason; try again.';
    reader.send({ type: 'error', topic, error: { code: 'internal', message } });
  }

  async #subscribe(reader: LiveReader, topic: string): Promise<void> {
    const subscriptions = this.#readers.get(reader);
    if (subscriptions === undefined || subscriptions.has(topic)) {
      return;
    }
    if (subscriptions.size >= MAX_TOPICS) {
      throw new AppError(429, 'too_many', `One connection may read ${MAX_TOPICS} topics.`);
    }
    const rights = await authorizeTopic(this.#parts.access, reader.actor, topic);
    if (this.#readers.get(reader) !== subscriptions || subscriptions.has(topic)) {
      return;
    }
    subscriptions.set(topic, { ...rights, stop: this.#watchPart(reader, topic) });
    await this.#sendValue(reader, topic, rights);
  }

  #unsubscribe(reader: LiveReader, topic: string): void {
    const subscriptions = this.#readers.get(reader);
    subscriptions?.get(topic)?.stop();
    subscriptions?.delete(topic);
  }

  #watchPart(reader: LiveReader, topic: string): () => void {
    const { kind, id, part } = parseTopic(topic);
    if (part === null) {
      return () => undefined;
    }
    if (part === 'counts') {
      return this.#parts.watchNodeCounts(id, (value) => reader.send({ type: 'value', topic, value }));
    }
    const watch = kind === 'device' ? this.#parts.watchDeviceLog : this.#parts.watchInstanceLog;
    return watch(id, (lines) => reader.send({ type: 'log', topic, lines }));
  }

  async #sendValue(reader: LiveReader, topic: string, rights: TopicAccess): Promise<void> {
    const { kind, id, part } = parseTopic(topic);
    if (part === 'log') {
      // From here on no line is missed: what came before is in the history.
      reader.send({ type: 'log', topic, lines: [] });
    }
    if (part !== null) {
      return;
    }
    const { views } = this.#parts;
    const value =
      kind === 'platform'
        ? await views.platform()
        : kind === 'notifications'
          ? await views.notifications(reader.actor)
          : kind === 'team'
            ? await views.team(reader.actor, id)
            : kind === 'application'
              ? await views.application(id, rights.role)
              : await views.entity(kind, id);
    reader.send({ type: 'value', topic, value });
  }

  #onChange(change: EntityChange): void {
    if (this.#readers.size === 0) {
      // Whoever comes later reads what is there by then.
      return;
    }
    (change.kind === 'device' ? this.#devices : this.#others).add(change);
    if (change.teamId !== null) {
      this.#dirtyTeams.add(change.teamId);
      this.#teamTimer ??= setTimeout(() => {
        this.#teamTimer = undefined;
        void this.#flushTeams();
      }, OVERVIEW_EVERY_MS);
    }
  }

  async #sendEach(
    changes: readonly EntityChange[],
    views: ReadonlyMap<string, object> = new Map(),
  ): Promise<void> {
    for (const change of changes) {
      await this.#publish(change, views).catch((error: unknown) => {
        this.#parts.logger.error({ err: error, change }, 'a change could not be sent');
      });
    }
  }

  /** Reads many devices at once: of a whole fleet each by itself would take seconds. */
  async #sendDevices(changes: readonly EntityChange[]): Promise<void> {
    const followed = changes.filter((change) => this.#hasReaders(change));
    for (let start = 0; start < followed.length; start += READ_AT_ONCE) {
      const some = followed.slice(start, start + READ_AT_ONCE);
      const views = await this.#parts.views.devices(some.map(({ id }) => id)).catch((error: unknown) => {
        this.#parts.logger.error({ err: error }, 'devices could not be read together');
        return undefined;
      });
      await this.#sendEach(some, views);
    }
  }

  /** `views`: those that were read already. */
  async #publish(change: EntityChange, views: ReadonlyMap<string, object>): Promise<void> {
    if (change.kind === 'stack') {
      return this.#publishPlatform();
    }
    if (change.kind === 'notification') {
      return this.#publishNotifications(change.id);
    }
    if (change.kind === 'team' || !this.#hasReaders(change)) {
      return;
    }
    const kind: LiveEntityKind = change.kind;
    const view = views.get(change.id) ?? (await this.#parts.views.entity(kind, change.id));
    for (const [reader, subscriptions] of this.#readers) {
      const own = subscriptions.get(`${kind}/${change.id}`);
      if (own !== undefined) {
        reader.send({ type: 'value', topic: `${kind}/${change.id}`, value: withRole(view, kind, own.role) });
      }
      for (const topic of containersOf(change)) {
        const rights = subscriptions.get(topic);
        if (rights?.maySee(change.applicationId) === true) {
          const value = withRole(view, kind, rights.roleIn(change.applicationId));
          reader.send({ type: 'change', topic, kind, id: change.id, value });
        }
      }
    }
  }

  #hasReaders(change: EntityChange): boolean {
    const topics = [`${change.kind}/${change.id}`, ...containersOf(change)];
    return [...this.#readers.values()].some((subscriptions) =>
      topics.some((topic) => subscriptions.has(topic)),
    );
  }

  async #publishPlatform(): Promise<void> {
    const value = await this.#parts.views.platform();
    for (const [reader, subscriptions] of this.#readers) {
      if (subscriptions.has('platform')) {
        reader.send({ type: 'value', topic: 'platform', value });
      }
    }
  }

  /** To that person, or to everybody: who may see what was new is decided for each. */
  async #publishNotifications(userId: string): Promise<void> {
    for (const [reader, subscriptions] of this.#readers) {
      const rights = subscriptions.get('notifications');
      const isMeant = userId === '' || (reader.actor.kind === 'user' && reader.actor.userId === userId);
      if (rights !== undefined && isMeant) {
        await this.#sendValue(reader, 'notifications', rights);
      }
    }
  }

  async #flushTeams(): Promise<void> {
    const teams = [...this.#dirtyTeams];
    this.#dirtyTeams.clear();
    for (const teamId of teams) {
      const topic = `team/${teamId}`;
      for (const [reader, subscriptions] of this.#readers) {
        const rights = subscriptions.get(topic);
        if (rights !== undefined) {
          await this.#sendValue(reader, topic, rights).catch((error: unknown) =>
            this.#refuse(reader, topic, error),
          );
        }
      }
    }
  }

  /** After a change of rights: what may no longer be read ends, the rest goes on with the new rights. */
  async #recheck(userId: string | null): Promise<void> {
    for (const [reader, subscriptions] of this.#readers) {
      if (userId !== null && (reader.actor.kind !== 'user' || reader.actor.userId !== userId)) {
        continue;
      }
      if (!(await this.#parts.isSignedIn(reader.actor))) {
        reader.close(CLOSE.unauthorized, 'Signed out');
        continue;
      }
      for (const [topic, subscription] of subscriptions) {
        try {
          Object.assign(subscription, await authorizeTopic(this.#parts.access, reader.actor, topic));
        } catch (error) {
          this.#unsubscribe(reader, topic);
          this.#refuse(reader, topic, error);
        }
      }
    }
  }

  #ping(): void {
    for (const socket of this.#server.clients) {
      if (!this.#alive.has(socket)) {
        socket.terminate();
        continue;
      }
      this.#alive.delete(socket);
      socket.ping();
    }
  }
}

function containersOf(change: EntityChange): string[] {
  return [
    ...(change.applicationId === null ? [] : [`application/${change.applicationId}`]),
    ...(change.teamId === null ? [] : [`team/${change.teamId}`]),
  ];
}

/** Only the view of an application depends on who looks at it. */
function withRole(view: object | null, kind: LiveEntityKind, role: unknown): object | null {
  return view !== null && kind === 'application' ? { ...view, role } : view;
}

function parseRequest(text: string): LiveRequest | null {
  try {
    return LiveRequest.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
