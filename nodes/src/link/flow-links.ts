import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { LinkAddress, LinkEvent, LinkListener, LinkRequest, LinkRuntime } from '@flowyard/protocol';
import { decodeLinkFrame, encodeLinkFrame, MAX_LINK_BODY_BYTES } from '@flowyard/protocol/link-frame';
import { Connection, type ConnectionState } from '../shared/connection';
import type { Platform } from '../shared/platform';
import { CallError, type CallResult, Calls } from './calls';
import { CodecError, decodeMessage, encodeMessage } from './codec';
import { Inbox } from './inbox';
import { Outboxes } from './outboxes';
import type { Confirmation, Outbox, Outgoing } from './queue/outbox';

type Event<T extends LinkEvent['type']> = Extract<LinkEvent, { type: T }>;

/** Where an answer goes. */
export interface CallOrigin {
  connection: string;
  id: string;
}

/** A message as it arrives at a link in. */
export interface Arrived {
  message: Record<string, unknown>;
  from: LinkRuntime;
  link: string;
  /** Null for a message that asks for no answer. */
  call: CallOrigin | null;
}

export interface Listening {
  listener: LinkListener;
  onMessage: (arrived: Arrived) => void;
}

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

const RESOLVE_MS = 15_000;

/** The link nodes of one Node-RED: one connection, one queue, for all of them. */
export class FlowLinks {
  readonly #options: Options;
  readonly #connection: Connection;
  readonly #outboxes: Outboxes;
  readonly #inbox: Inbox;
  readonly #calls = new Calls();
  readonly #members = new Map<string, (answer: LinkRuntime[] | CallError) => void>();
  readonly #listening = new Set<Listening>();
  readonly #onChange = new Set<() => void>();
  readonly #taken = new Map<string, { connection: string; number: number }>();
  #state: LinkState = { connection: 'connecting', problem: null };
  #isTelling = false;

  constructor(options: Options) {
    this.#options = options;
    const folder = path.join(options.userDir, 'flowyard-links');
    this.#inbox = new Inbox(folder);
    this.#outboxes = new Outboxes({
      folder: path.join(folder, 'out'),
      send: (outgoing) =>
        outgoing.to.place === 'device-group'
          ? void this.#sendToMembers(outgoing)
          : this.#sendMessages(outgoing),
      onChange: () => this.#changed(),
    });
    this.#connection = new Connection({
      platform: options.platform,
      path: '/link',
      onOpen: () => this.#listen(),
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
    this.#listening.add(listening);
    this.#listen();
    return () => {
      this.#listening.delete(listening);
      this.#listen();
    };
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

  /** Resolves when all that waits is on the disk. */
  flush(): Promise<void> {
    return this.#outboxes.flush();
  }

  async close(): Promise<void> {
    this.#calls.failAll(new CallError('stopped', 'The flows were stopped.'));
    this.#tellTaken();
    await this.#connection.close();
    this.#outboxes.disconnected();
    await this.#outboxes.close();
    this.#inbox.write();
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

  /** Several link ins of one name hear only what all of them want to hear. */
  #listen(): void {
    const listeners = new Map<string, LinkListener>();
    for (const { listener } of this.#listening) {
      if (listeners.get(listener.link)?.hears !== 'application') {
        listeners.set(listener.link, listener);
      }
    }
    this.#send({ type: 'listen', listeners: [...listeners.values()] });
  }

  #connectionChanged(state: LinkState): void {
    const wasConnected = this.#state.connection === 'connected';
    this.#state = state;
    if (wasConnected) {
      this.#taken.clear();
      this.#outboxes.disconnected();
      this.#calls.failAll(new CallError('away', 'The connection was lost before the answer came.'));
      for (const settle of this.#members.values()) {
        settle(new CallError('away', 'The connection was lost.'));
      }
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
        this.#arrive(event, body);
        break;
      case 'taken':
        this.#outboxes.ofStream(event.stream)?.taken(event.number);
        break;
      case 'not-taken':
        this.#outboxes.ofStream(event.stream)?.notTaken(event.number, event.reason, event.taken);
        break;
      case 'refused':
        this.#outboxes.ofStream(event.stream)?.refused(event.message);
        break;
      case 'there':
        this.#outboxes.find(event.to)?.there();
        break;
      case 'members':
        this.#members.get(event.id)?.(event.members);
        break;
      case 'call':
        this.#pass(event.link, event.from, body, { connection: event.connection, id: event.id });
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
    this.#members.get(id)?.(error);
    this.#calls.fail(id, error);
  }

  #arrive(event: Event<'message'>, body: Uint8Array): void {
    const { from, connection, link, stream, parts } = event;
    const isHeard = this.#nodesOf(link).length > 0;
    let { after } = event;
    let start = 0;
    for (const { number, bytes } of parts) {
      const arrival = isHeard ? this.#inbox.arrive(from, { stream, number, after }) : 'away';
      if (arrival === 'away' || arrival === 'gap') {
        const taken = this.#inbox.taken(from, stream);
        this.#send({ type: 'not-taken', to: connection, stream, number, reason: arrival, taken });
        break;
      }
      if (arrival === 'new') {
        this.#pass(link, from, body.subarray(start, start + bytes), null);
      }
      this.#taken.set(stream, { connection, number: this.#inbox.taken(from, stream) });
      after = number;
      start += bytes;
    }
    this.#tellTakenSoon();
  }

  #pass(link: string, from: LinkRuntime, body: Uint8Array, call: CallOrigin | null): void {
    for (const { onMessage } of this.#nodesOf(link)) {
      try {
        // Each node gets a message of its own: what one flow changes is none of the other's business.
        onMessage({ message: decodeMessage(body), from, link, call });
      } catch (error) {
        this.#options.warn(`A message for “${link}” from ${from.name}: ${(error as Error).message}`);
      }
    }
  }

  #answered({ id, from }: Event<'answer'>, body: Uint8Array): void {
    try {
      this.#calls.answered(id, { from, message: decodeMessage(body) });
    } catch (error) {
      this.#calls.fail(id, new CallError('malformed', (error as Error).message));
    }
  }

  #nodesOf(link: string): Listening[] {
    return [...this.#listening].filter(({ listener }) => listener.link === link);
  }

  /** One word for all that arrives in one go. */
  #tellTakenSoon(): void {
    if (!this.#isTelling) {
      this.#isTelling = true;
      setImmediate(() => this.#tellTaken());
    }
  }

  #tellTaken(): void {
    this.#isTelling = false;
    for (const [stream, { connection, number }] of this.#taken) {
      this.#send({ type: 'taken', to: connection, stream, number });
    }
    this.#taken.clear();
  }

  #sendMessages({ entries, ...outgoing }: Outgoing): void {
    const parts = entries.map(({ number, body }) => ({ number, bytes: body.length }));
    const [first] = entries;
    const body =
      entries.length === 1 && first ? first.body : Buffer.concat(entries.map((entry) => entry.body));
    this.#send({ type: 'message', ...outgoing, parts }, body);
  }

  /** Keeps the message once for each member that the group has now; such messages leave one by one. */
  async #sendToMembers({ to, entries }: Outgoing): Promise<void> {
    const [{ number, body, until }] = entries as [Outgoing['entries'][number]];
    const group = this.#outboxes.to(to);
    try {
      const members = await this.#membersOf(to);
      const given = members.map(({ kind, id }) =>
        this.#outboxes.to({ place: kind, name: id, link: to.link }).give(body, { confirm: 'kept', until }),
      );
      await Promise.all(given);
      group.taken(number);
    } catch (error) {
      if (error instanceof CallError && error.code === 'away') {
        group.notTaken(number, 'busy', null);
      } else {
        group.refused((error as Error).message);
      }
    }
  }

  #membersOf(to: LinkAddress): Promise<LinkRuntime[]> {
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () =>
          this.#members.get(id)?.(
            new CallError('away', 'The control plane did not say who is in the group.'),
          ),
        RESOLVE_MS,
      );
      this.#members.set(id, (answer) => {
        clearTimeout(timer);
        this.#members.delete(id);
        if (answer instanceof CallError) {
          reject(answer);
        } else {
          resolve(answer);
        }
      });
      this.#send({ type: 'resolve', id, to });
    });
  }

  #changed(): void {
    for (const listener of this.#onChange) {
      listener();
    }
  }
}
