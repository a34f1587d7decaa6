import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { LinkAddress, LinkEvent, LinkRequest } from '@flowyard/protocol';
import { decodeLinkFrame, encodeLinkFrame, MAX_LINK_BODY_BYTES } from '@flowyard/protocol/link-frame';
import { Connection, type ConnectionState } from '../shared/connection';
import type { Platform } from '../shared/platform';
import { Arrivals, type CallOrigin, type Listening } from './arrivals';
import { CallError, type CallResult, Calls } from './calls';
import { CodecError, decodeMessage, encodeMessage } from './codec';
import { GroupSender } from './group-sender';
import { Outboxes } from './outboxes';
import type { Confirmation, Outbox, Outgoing } from './queue/outbox';

export interface LinkState {
  connection: ConnectionState;
  /** Why there is no connection, for people. */
  problem: string | null;
}

interface Options {
  platform: Platform;
  /** Node-RED's user directory. */
  userDir: string;
  warn: (text: string) => void;
}

/** The link nodes of one Node-RED: one connection, one queue, for all of them. */
export class FlowLinks {
  readonly #connection: Connection;
  readonly #outboxes: Outboxes;
  readonly #arrivals: Arrivals;
  readonly #groups: GroupSender;
  readonly #calls = new Calls();
  readonly #onChange = new Set<() => void>();
  #state: LinkState = { connection: 'connecting', problem: null };

  constructor(options: Options) {
    const folder = path.join(options.userDir, 'flowyard-links');
    const send = (request: LinkRequest) => this.#send(request);
    this.#arrivals = new Arrivals({ folder, send, warn: options.warn });
    this.#groups = new GroupSender({
      outboxTo: (address) => this.#outboxes.to(address),
      send,
      warn: options.warn,
    });
    this.#outboxes = new Outboxes({
      folder: path.join(folder, 'out'),
      send: (outgoing) =>
        outgoing.to.place === 'device-group'
          ? void this.#groups.send(outgoing)
          : this.#sendMessages(outgoing),
      onChange: () => this.#changed(),
      warn: options.warn,
    });
    this.#connection = new Connection({
      platform: options.platform,
      path: '/link',
      onOpen: () => this.#arrivals.tellListeners(),
      onMessage: (data) => this.#receive(data),
      onState: (connection, problem) => this.#connectionChanged({ connection, problem }),
    });
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Messages to all addresses that wait. */
  get waiting(): number {
    return this.#outboxes.waiting;
  }

  /** Messages to all addresses that waited and were damaged on the disk. */
  get lost(): number {
    return this.#outboxes.lost;
  }

  /** The messages to one address; undefined when nothing was sent there. */
  outbox(address: LinkAddress): Outbox | undefined {
    return this.#outboxes.find(address);
  }

  /** Told when the connection or what waits has changed. @returns how to be told no more */
  onChange(listener: () => void): () => void {
    this.#onChange.add(listener);
    return () => this.#onChange.delete(listener);
  }

  /** @returns how to stop listening */
  listen(listening: Listening): () => void {
    return this.#arrivals.listen(listening);
  }

  /** @throws CodecError, QueueFullError, ExpiredError, or what stands against the address */
  async send(
    address: LinkAddress,
    message: object,
    options: { confirm: Confirmation; until: number },
  ): Promise<void> {
    await this.#outboxes.to(address).give(this.#encode(message), options);
  }

  /** Asks and waits for the answer. @throws CodecError, CallError */
  async call(
    address: LinkAddress,
    message: object,
    options: { timeoutMs: number; all: boolean },
  ): Promise<CallResult> {
    const body = this.#encode(message);
    if (this.#state.connection !== 'connected') {
      throw new CallError('away', 'There is no connection to the control plane now.');
    }
    const id = randomUUID();
    const result = this.#calls.begin(id, options);
    this.#send({ type: 'call', id, to: address }, body);
    return result;
  }

  /** @throws CodecError, CallError */
  answer({ connection, id }: CallOrigin, message: object): void {
    const body = this.#encode(message);
    if (this.#state.connection !== 'connected') {
      throw new CallError('away', 'There is no connection to the control plane now: the answer is lost.');
    }
    this.#send({ type: 'answer', to: connection, id }, body);
  }

  /** Resolves when the disk has all that waits, and what was taken. */
  async flush(): Promise<void> {
    this.#arrivals.flush();
    await this.#outboxes.flush();
  }

  async close(): Promise<void> {
    this.#calls.failAll(new CallError('stopped', 'The flows were stopped.'));
    this.#arrivals.tellTaken();
    await this.#connection.close();
    this.#outboxes.disconnected();
    await this.#outboxes.close();
    this.#arrivals.flush();
  }

  #encode(message: object): Uint8Array {
    const body = encodeMessage(message);
    if (body.length > MAX_LINK_BODY_BYTES) {
      const megabytes = MAX_LINK_BODY_BYTES / 1024 / 1024;
      throw new CodecError(`The message is larger than the ${megabytes} MB that may travel.`);
    }
    return body;
  }

  #send(request: LinkRequest, body?: Uint8Array): void {
    this.#connection.send(encodeLinkFrame(request, body));
  }

  #connectionChanged(state: LinkState): void {
    const wasConnected = this.#state.connection === 'connected';
    this.#state = state;
    if (wasConnected) {
      this.#arrivals.disconnected();
      this.#groups.disconnected();
      this.#outboxes.disconnected();
      this.#calls.failAll(new CallError('away', 'The connection was lost before the answer came.'));
    }
    this.#changed();
  }

  #receive(data: Buffer): void {
    const frame = decodeLinkFrame(data);
    if (frame !== null) {
      this.#handle(frame.header as LinkEvent, frame.body);
    }
  }

  #handle(event: LinkEvent, body: Uint8Array): void {
    switch (event.type) {
      case 'welcome':
        this.#outboxes.connected();
        break;
      case 'message':
        this.#arrivals.take(event, body);
        break;
      case 'taken':
        this.#outboxes.ofStream(event.stream)?.taken(event.number);
        break;
      case 'not-taken':
        this.#outboxes.ofStream(event.stream)?.notTaken(event.number, event.reason, event.taken);
        break;
      case 'refused':
        this.#outboxes
          .ofStream(event.stream)
          ?.refused(event.message, { isForATime: event.code === 'team_suspended' });
        break;
      case 'there':
        this.#outboxes.find(event.to)?.there();
        break;
      case 'members':
        this.#groups.answered(event.id, event.members);
        break;
      case 'call':
        this.#arrivals.pass(event.link, event.from, body, { connection: event.connection, id: event.id });
        break;
      case 'called':
        this.#calls.reached(event.id, event.reached, event.away);
        break;
      case 'answer':
        this.#answered(event, body);
        break;
      case 'call-refused':
        this.#callRefused(new CallError(event.code, event.message), event.id);
        break;
    }
  }

  #callRefused(error: CallError, id: string): void {
    this.#groups.answered(id, error);
    this.#calls.fail(id, error);
  }

  #answered({ id, from }: Extract<LinkEvent, { type: 'answer' }>, body: Uint8Array): void {
    try {
      this.#calls.answered(id, { from, message: decodeMessage(body) });
    } catch (error) {
      this.#calls.fail(id, new CallError('malformed', (error as Error).message));
    }
  }

  #sendMessages({ entries, ...outgoing }: Outgoing): void {
    const parts = entries.map(({ number, body }) => ({ number, bytes: body.length }));
    const [first] = entries;
    const body =
      entries.length === 1 && first ? first.body : Buffer.concat(entries.map((entry) => entry.body));
    this.#send({ type: 'message', ...outgoing, parts }, body);
  }

  #changed(): void {
    for (const listener of this.#onChange) {
      listener();
    }
  }
}
