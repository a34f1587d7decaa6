import type { LinkEvent, LinkListener, LinkRequest, LinkRuntime } from '@flowyard/protocol';
import { decodeMessage } from './codec';
import { Inbox } from './inbox';

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

interface Options {
  folder: string;
  send: (request: LinkRequest) => void;
  warn: (text: string) => void;
}

/** What comes in: passes it to the link ins, once and in order, and says what was taken. */
export class Arrivals {
  readonly #options: Options;
  readonly #inbox: Inbox;
  readonly #listening = new Set<Listening>();
  /** By stream: up to where, and whom to tell. */
  readonly #taken = new Map<string, { connection: string; number: number }>();
  #telling: NodeJS.Immediate | undefined;

  constructor(options: Options) {
    this.#options = options;
    this.#inbox = new Inbox(options.folder, options.warn);
  }

  /** @returns how to stop listening */
  listen(listening: Listening): () => void {
    this.#listening.add(listening);
    this.tellListeners();
    return () => {
      this.#listening.delete(listening);
      this.tellListeners();
    };
  }

  /** Says who listens. Several link ins of one name hear only what all of them want to hear. */
  tellListeners(): void {
    const listeners = new Map<string, LinkListener>();
    for (const { listener } of this.#listening) {
      if (listeners.get(listener.link)?.hears !== 'application') {
        listeners.set(listener.link, listener);
      }
    }
    this.#options.send({ type: 'listen', listeners: [...listeners.values()] });
  }

  take(event: Extract<LinkEvent, { type: 'message' }>, body: Uint8Array): void {
    const { from, connection, link, stream, parts } = event;
    const isHeard = this.#nodesOf(link).length > 0;
    let { after } = event;
    let start = 0;
    for (const { number, bytes } of parts) {
      const arrival = isHeard ? this.#inbox.arrive(from, { stream, number, after }) : 'away';
      if (arrival === 'away' || arrival === 'gap') {
        const taken = this.#inbox.taken(from, stream);
        this.#options.send({ type: 'not-taken', to: connection, stream, number, reason: arrival, taken });
        break;
      }
      if (arrival === 'new') {
        this.pass(link, from, body.subarray(start, start + bytes), null);
      }
      this.#taken.set(stream, { connection, number: this.#inbox.taken(from, stream) });
      after = number;
      start += bytes;
    }
    // One word for all that arrives in one go.
    this.#telling ??= setImmediate(() => this.tellTaken());
  }

  pass(link: string, from: LinkRuntime, body: Uint8Array, call: CallOrigin | null): void {
    for (const { onMessage } of this.#nodesOf(link)) {
      try {
        // Each node gets a message of its own: what one flow changes is none of the other's business.
        onMessage({ message: decodeMessage(body), from, link, call });
      } catch (error) {
        this.#options.warn(`A message for “${link}” from ${from.name}: ${(error as Error).message}`);
      }
    }
  }

  tellTaken(): void {
    clearImmediate(this.#telling);
    this.#telling = undefined;
    for (const [stream, { connection, number }] of this.#taken) {
      this.#options.send({ type: 'taken', to: connection, stream, number });
    }
    this.#taken.clear();
  }

  /** The connections that waited for a word are gone. */
  disconnected(): void {
    this.#taken.clear();
  }

  /** Has on the disk what was taken: the next process must know it. */
  flush(): void {
    this.#inbox.flush();
  }

  #nodesOf(link: string): Listening[] {
    return [...this.#listening].filter(({ listener }) => listener.link === link);
  }
}
