import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import {
  AGENT_CAPABILITY,
  AGENT_PROTOCOL,
  type AgentCommand,
  type AgentMessage,
  CLOSE,
  type LogLine,
  readAgentMessage,
} from '@flowyard/protocol';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { AgentService } from '../features/devices/agent-service.ts';
import type { DeviceTargets } from '../features/devices/device-targets.ts';
import type { DeviceIdentityService, Greeting } from '../features/registration/identity-service.ts';
import { addressOf, bearerOf } from '../http/authenticate.ts';
import type { Changes } from './changes.ts';
import { DeviceLogs } from './device-logs.ts';

const PING_MS = 10_000;
const HELLO_TIMEOUT_MS = 10_000;
/** So long the connection that a device has may take to show that it is alive when another one comes. */
const CHALLENGE_MS = 3000;
/** So long an agent may take to answer the close when the server ends. */
const CLOSE_WITHIN_MS = 1000;
/** After so many targets others have their turn: what the first devices report is taken in while the last are told. */
const TOLD_AT_ONCE = 100;
const MAX_MESSAGE_BYTES = 1024 * 1024;

interface Parts {
  agents: Pick<
    AgentService,
    'recordHello' | 'recordState' | 'recordMetrics' | 'recordHost' | 'recordSpool' | 'recordGone'
  >;
  targets: Pick<DeviceTargets, 'read'>;
  identities: Pick<DeviceIdentityService, 'greet' | 'reportOther'>;
  changes: Changes;
  logger: Logger;
  /** A device that leaves two of these unanswered is away. */
  pingMs?: number;
}

interface Session {
  deviceId: string;
  /** With what and from where it connected. */
  token: string;
  address: string;
  socket: WebSocket;
  greeted: boolean;
  capabilities: ReadonlySet<string>;
  alive: boolean;
  /** Messages of one device are handled one after the other. */
  work: Promise<void>;
}

type RequestFailed = (deviceId: string, requestId: string, reason: string) => void;
type LogAnswer = (deviceId: string, requestId: string, lines: LogLine[]) => void;

/** The connections of device agents: who is there, what they are told, and what they report. */
export class AgentHub {
  readonly logs = new DeviceLogs(
    (deviceId, command) => this.send(deviceId, command),
    (deviceId) => this.isConnected(deviceId),
  );
  readonly #parts: Parts;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  readonly #sessions = new Map<string, Session>();
  readonly #untold = new Set<string>();
  readonly #working = new Set<Promise<void>>();
  readonly #failureReaders: RequestFailed[] = [];
  readonly #logAnswerReaders: LogAnswer[] = [];
  #telling: Promise<void> | undefined;
  #pingTimer: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): void {
    this.#parts.changes.on('targets', ({ deviceIds }) => {
      void this.#sendTargets(deviceIds);
    });
    this.#pingTimer = setInterval(() => this.#ping(), this.#parts.pingMs ?? PING_MS);
  }

  /** Resolves when every connection has ended and all that they said is written down. */
  async stop(): Promise<void> {
    clearInterval(this.#pingTimer);
    const sockets = [...this.#server.clients];
    const ended = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    for (const socket of sockets) {
      socket.close(CLOSE.shuttingDown, 'The server is shutting down');
    }
    this.#server.close();
    const impatience = setTimeout(() => {
      for (const socket of sockets) {
        socket.terminate();
      }
    }, CLOSE_WITHIN_MS);
    await Promise.all(ended);
    clearTimeout(impatience);
    await Promise.all(this.#working);
  }

  accept(deviceId: string, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const token = bearerOf(request) ?? '';
      this.#open({ deviceId, socket: webSocket, token, address: addressOf(request) });
    });
  }

  isConnected(deviceId: string): boolean {
    return this.#sessions.get(deviceId)?.greeted === true;
  }

  /** Whether the agent of a device that is connected can do that. */
  can(deviceId: string, capability: string): boolean {
    return this.#sessions.get(deviceId)?.capabilities.has(capability) === true;
  }

  /** Calls back when an agent cannot do what it was asked. */
  onRequestFailed(onFailed: RequestFailed): void {
    this.#failureReaders.push(onFailed);
  }

  /** Calls back when an agent answers what is in its log. */
  onLogLines(onLines: LogAnswer): void {
    this.#logAnswerReaders.push(onLines);
  }

  #open(connection: Pick<Session, 'deviceId' | 'socket' | 'token' | 'address'>): void {
    const { deviceId, socket } = connection;
    const session: Session = {
      ...connection,
      greeted: false,
      capabilities: new Set(),
      alive: true,
      work: this.#sessions.get(deviceId)?.work ?? Promise.resolve(),
    };
    const greeting = setTimeout(() => {
      if (!session.greeted) {
        socket.close(CLOSE.protocol, 'No hello came');
      }
    }, HELLO_TIMEOUT_MS);
    socket.on('pong', () => {
      session.alive = true;
    });
    socket.on('error', (error) =>
      this.#parts.logger.debug({ err: error, deviceId }, 'a connection of a device broke'),
    );
    socket.on('message', (data) => {
      session.alive = true;
      this.#enqueue(session, () => this.#onMessage(session, data.toString()));
    });
    socket.on('close', () => {
      clearTimeout(greeting);
      if (this.#sessions.get(deviceId) === session) {
        this.#sessions.delete(deviceId);
        this.#enqueue(session, async () => {
          if (!this.#sessions.has(deviceId)) {
            this.logs.disconnected(deviceId);
          }
          await this.#parts.agents.recordGone(deviceId);
        });
      }
    });
  }

  #enqueue(session: Session, work: () => Promise<void>): void {
    const done = session.work.then(work).catch((error: unknown) => {
      this.#parts.logger.error(
        { err: error, deviceId: session.deviceId },
        'a message of a device could not be handled',
      );
    });
    session.work = done;
    this.#working.add(done);
    void done.then(() => this.#working.delete(done));
  }

  async #onMessage(session: Session, text: string): Promise<void> {
    const message = readAgentMessage(text);
    if (message === 'unknown') {
      return;
    }
    if (message === null || (message.type !== 'hello' && !session.greeted)) {
      session.socket.close(CLOSE.malformed, 'The message does not fit the protocol');
      return;
    }
    const { deviceId } = session;
    switch (message.type) {
      case 'hello':
        return this.#onHello(session, message);
      case 'state':
        return this.#parts.agents.recordState(
          deviceId,
          message.current,
          session.capabilities.has(AGENT_CAPABILITY.spool),
        );
      case 'logs':
        return this.logs.received(deviceId, message.lines);
      case 'metrics':
        return this.#parts.agents.recordMetrics(deviceId, message);
      case 'host':
        return this.#parts.agents.recordHost(deviceId, message.health);
      case 'spool':
        return this.#onSpool(session, message);
      case 'log-lines':
        for (const onLines of this.#logAnswerReaders) {
          onLines(deviceId, message.id, message.lines);
        }
        return;
      case 'request-failed':
        for (const onFailed of this.#failureReaders) {
          onFailed(deviceId, message.id, message.reason);
        }
        return;
    }
  }

  async #onHello(session: Session, hello: Extract<AgentMessage, { type: 'hello' }>): Promise<void> {
    if (hello.protocol !== AGENT_PROTOCOL) {
      session.socket.close(
        CLOSE.protocol,
        `This server speaks version ${AGENT_PROTOCOL} of the protocol; update the agent`,
      );
      return;
    }
    const greeting = await this.#greet(session, hello);
    if (greeting.refused !== null) {
      session.socket.close(greeting.refused, 'This identity belongs to another machine');
      return;
    }
    if (session.socket.readyState !== session.socket.OPEN) {
      // It went away meanwhile, and nobody would say so of it again.
      return;
    }
    const before = this.#sessions.get(session.deviceId);
    this.#sessions.set(session.deviceId, session);
    if (before !== session) {
      before?.socket.close(CLOSE.replaced, 'Another connection of this device took over');
    }
    session.greeted = true;
    session.capabilities = new Set(hello.capabilities);
    await this.#parts.agents.recordHello(session.deviceId, hello);
    await this.#sendTargets([session.deviceId]);
    if (greeting.newToken !== null) {
      this.send(session.deviceId, { type: 'new-token', token: greeting.newToken });
    }
    this.logs.connected(session.deviceId);
  }

  /** Whether it is the device. One whose other connection is alive is a copy of it: an agent has only one. */
  async #greet(session: Session, hello: Extract<AgentMessage, { type: 'hello' }>): Promise<Greeting> {
    const { deviceId, token, address } = session;
    const before = this.#sessions.get(deviceId);
    if (before !== undefined && before !== session && (await answers(before.socket))) {
      await this.#parts.identities.reportOther(deviceId, { token, address, hello });
      return { refused: CLOSE.cloned, newToken: null };
    }
    return this.#parts.identities.greet(deviceId, { token, address, hello });
  }

  async #onSpool(session: Session, message: Extract<AgentMessage, { type: 'spool' }>): Promise<void> {
    const { stream, epoch } = message;
    const seq = await this.#parts.agents.recordSpool(session.deviceId, message);
    this.send(session.deviceId, { type: 'spool-ack', stream, epoch, seq });
  }

  /**
   * Sends the target to those of these devices that are connected. There is one reading at a time: of two at once the
   * older could end last and leave a device with a target that holds no more.
   */
  #sendTargets(deviceIds: string[]): Promise<void> {
    for (const id of deviceIds) {
      this.#untold.add(id);
    }
    this.#telling ??= this.#tellTargets().finally(() => {
      this.#telling = undefined;
    });
    return this.#telling;
  }

  async #tellTargets(): Promise<void> {
    while (this.#untold.size > 0) {
      const connected = [...this.#untold].filter((id) => this.#sessions.get(id)?.greeted === true);
      this.#untold.clear();
      if (connected.length > 0) {
        await this.#tellTargetsOf(connected);
      }
    }
  }

  /** Closes the connection of devices that were removed, and of those whose target cannot be read: they come again. */
  async #tellTargetsOf(deviceIds: string[]): Promise<void> {
    try {
      const removed = new Set(deviceIds);
      for await (const [deviceId, target] of this.#parts.targets.read(deviceIds)) {
        removed.delete(deviceId);
        this.send(deviceId, { type: 'target', target });
        if (removed.size % TOLD_AT_ONCE === 0) {
          await setImmediate();
        }
      }
      for (const deviceId of removed) {
        this.#sessions.get(deviceId)?.socket.close(CLOSE.unauthorized, 'This device was removed');
      }
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'targets could not be read');
      for (const deviceId of deviceIds) {
        this.#sessions.get(deviceId)?.socket.terminate();
      }
    }
  }

  /** Tells a device something; one that is not connected is not told. */
  send(deviceId: string, command: AgentCommand): void {
    const session = this.#sessions.get(deviceId);
    if (session?.greeted === true && session.socket.readyState === session.socket.OPEN) {
      session.socket.send(JSON.stringify(command));
    }
  }

  #ping(): void {
    for (const session of this.#sessions.values()) {
      if (!session.alive) {
        session.socket.terminate();
        continue;
      }
      session.alive = false;
      session.socket.ping();
    }
  }
}

/** Whether there is somebody at the other end of a connection. */
function answers(socket: WebSocket): Promise<boolean> {
  if (socket.readyState !== socket.OPEN) {
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    const settle = (isAlive: boolean) => {
      clearTimeout(timer);
      socket.off('pong', onPong).off('close', onClose);
      resolve(isAlive);
    };
    const onPong = () => settle(true);
    const onClose = () => settle(false);
    const timer = setTimeout(onClose, CHALLENGE_MS);
    socket.once('pong', onPong).once('close', onClose);
    socket.ping();
  });
}
