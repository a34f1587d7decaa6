import type { DeviceView, InstanceView, LiveMessage, LiveRequest } from '@flowyard/protocol';
import type { WebSocket } from 'ws';
import { callControlPlane } from './control-plane';
import type { Caller, Place, Seat } from './seat';

/** The topic on which editors hear what changed: `{seat, kind, id, value}`; without a value it is to be read. */
const CHANGE_TOPIC = 'flowyard/change';
/** The topic on which editors hear whether changes arrive: `{seat, connected}`, once for each connection and its end. */
const LINK_TOPIC = 'flowyard/link';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 15_000;
const PING_MS = 25_000;
/** A relay that nobody has asked anything for so long ends; the next question starts it again. */
const IDLE_MS = 30 * 60_000;
const MOST_RELAYS = 50;

type Publish = (topic: string, value: unknown) => void;

/** What is passed on to editors, for each seat. */
export class LiveRelays {
  readonly #publish: Publish;
  readonly #relays = new Map<string, { relay: LiveRelay; idle: NodeJS.Timeout }>();

  constructor(publish: Publish) {
    this.#publish = publish;
  }

  /** Begins when somebody asks for something, so that a Node-RED that nobody looks at keeps no connection for it. */
  start(seat: Seat): void {
    const key = [seat.id, seat.place.kind, seat.place.id].join(' ');
    const known = this.#relays.get(key);
    if (known !== undefined) {
      known.idle.refresh();
    } else if (this.#relays.size < MOST_RELAYS) {
      const relay = new LiveRelay(seat, this.#publish);
      const idle = setTimeout(() => this.#end(key), IDLE_MS).unref();
      this.#relays.set(key, { relay, idle });
    }
  }

  /** Ends those of a seat. */
  stop(seatId: string): void {
    for (const key of [...this.#relays.keys()].filter((key) => key.startsWith(`${seatId} `))) {
      this.#end(key);
    }
  }

  #end(key: string): void {
    const known = this.#relays.get(key);
    if (known !== undefined) {
      this.#relays.delete(key);
      clearTimeout(known.idle);
      known.relay.stop();
    }
  }
}

/** Passes on what changes in the application of one place. */
class LiveRelay {
  readonly #publish: Publish;
  readonly #seat: Seat;
  readonly #caller: Caller;
  #failures = 0;
  #socket: WebSocket | null = null;
  #pinging: NodeJS.Timeout | undefined;
  #waiting: NodeJS.Timeout | undefined;
  /** Whether editors were told that changes arrive. */
  #isLinked = false;
  #isEnded = false;

  constructor(seat: Seat, publish: Publish) {
    this.#seat = seat;
    // A signed identity is good for minutes, so that where there is a token of this Node-RED itself, that one listens.
    this.#caller = { ...seat, identity: undefined };
    this.#publish = publish;
    void this.#connect();
  }

  stop(): void {
    this.#isEnded = true;
    clearTimeout(this.#waiting);
    this.#socket?.terminate();
  }

  async #connect(): Promise<void> {
    const { place } = this.#seat;
    const applicationId = await this.#findApplication(place);
    // Loaded when somebody looks at the sidebar, not at the start of every Node-RED.
    const { WebSocket } = await import('ws');
    if (this.#isEnded) {
      return;
    }
    if (applicationId === null) {
      this.#tryAgain();
      return;
    }
    const application = `application/${applicationId}`;
    const socket = new WebSocket(`${this.#caller.url.replace(/^http/, 'ws')}/live`, {
      headers: { authorization: `Bearer ${this.#caller.token}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    socket.on('open', () => {
      this.#failures = 0;
      for (const topic of [`${place.kind}/${place.id}`, application]) {
        socket.send(JSON.stringify({ type: 'subscribe', topic } satisfies LiveRequest));
      }
      this.#watch(socket);
    });
    socket.on('message', (data) => this.#hear(String(data), application));
    socket.on('error', () => {
      // 'close' follows.
    });
    socket.on('close', () => {
      clearInterval(this.#pinging);
      this.#isLinked = false;
      this.#tellLink(false);
      this.#tryAgain();
    });
  }

  async #findApplication({ kind, id }: Place): Promise<string | null> {
    const { status, body } = await callControlPlane(this.#caller, {
      method: 'GET',
      path: `/${kind}s/${id}`,
    });
    return status === 200 ? ((body as InstanceView | DeviceView).application?.id ?? null) : null;
  }

  #hear(text: string, application: string): void {
    const message = JSON.parse(text) as LiveMessage;
    const { kind, id } = this.#seat.place;
    if (message.type === 'change') {
      this.#tell(message.kind, message.id, message.value);
    } else if (message.type === 'value' && message.topic === `${kind}/${id}`) {
      this.#tell(kind, id, message.value);
    } else if (message.type === 'value' && message.topic === application && !this.#isLinked) {
      // Nothing is missed from here on.
      this.#isLinked = true;
      this.#tellLink(true);
    }
  }

  #tell(kind: string, id: string, value: unknown): void {
    const { id: seat, isHome } = this.#seat;
    // Everybody who may open the editor of an instance may read its application. In somebody's own Node-RED others
    // only hear that something changed, and each reads it in their own name.
    this.#publish(CHANGE_TOPIC, isHome ? { seat, kind, id, value } : { seat, kind, id });
  }

  #tellLink(connected: boolean): void {
    this.#publish(LINK_TOPIC, { seat: this.#seat.id, connected });
  }

  #watch(socket: WebSocket): void {
    let isAlive = true;
    socket.on('pong', () => {
      isAlive = true;
    });
    this.#pinging = setInterval(() => {
      if (!isAlive) {
        socket.terminate();
        return;
      }
      isAlive = false;
      socket.ping();
    }, PING_MS);
    this.#pinging.unref();
  }

  #tryAgain(): void {
    if (this.#isEnded) {
      return;
    }
    this.#failures += 1;
    const longest = Math.min(FIRST_WAIT_MS * 2 ** Math.min(this.#failures - 1, 10), LONGEST_WAIT_MS);
    const wait = longest / 2 + (longest / 2) * Math.random();
    this.#waiting = setTimeout(() => void this.#connect(), wait).unref();
  }
}
