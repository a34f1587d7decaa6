import type { InstanceView, LiveMessage, LiveRequest } from '@flowyard/protocol';
import { WebSocket } from 'ws';
import { callControlPlane } from './control-plane';
import type { Platform } from './platform';

/** The topic on which editors hear what changed: `{kind, id, value}`. */
export const CHANGE_TOPIC = 'flowyard/change';
/** The topic on which editors hear whether changes still arrive: `{connected}`. */
export const LINK_TOPIC = 'flowyard/link';

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 15_000;
const PING_MS = 25_000;

/**
 * Passes on to the editors what changes in the application of this instance. It begins when the first editor asks
 * for something, so that a Node-RED that nobody looks at keeps no connection for it. Everybody who may open this
 * editor may read this application, so what is passed on is no secret from them.
 */
export class LiveRelay {
  readonly #publish: (topic: string, value: unknown) => void;
  #isStarted = false;
  #failures = 0;
  #pinging: NodeJS.Timeout | undefined;

  constructor(publish: (topic: string, value: unknown) => void) {
    this.#publish = publish;
  }

  start(platform: Platform): void {
    if (!this.#isStarted) {
      this.#isStarted = true;
      void this.#connect(platform);
    }
  }

  async #connect(platform: Platform): Promise<void> {
    const path = `/instances/${platform.instanceId}`;
    const { status, body } = await callControlPlane(platform, { method: 'GET', path, identity: undefined });
    if (status !== 200) {
      this.#tryAgain(platform);
      return;
    }
    const topics = [
      `instance/${platform.instanceId}`,
      `application/${(body as InstanceView).application.id}`,
    ];
    const socket = new WebSocket(`${platform.url.replace(/^http/, 'ws')}/live`, {
      headers: { authorization: `Bearer ${platform.token}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
    });
    socket.on('open', () => {
      this.#failures = 0;
      for (const topic of topics) {
        socket.send(JSON.stringify({ type: 'subscribe', topic } satisfies LiveRequest));
      }
      this.#watch(socket);
      this.#publish(LINK_TOPIC, { connected: true });
    });
    socket.on('message', (data) => this.#hear(String(data)));
    socket.on('error', () => {
      // 'close' follows.
    });
    socket.on('close', () => {
      clearInterval(this.#pinging);
      this.#publish(LINK_TOPIC, { connected: false });
      this.#tryAgain(platform);
    });
  }

  #hear(text: string): void {
    const message = JSON.parse(text) as LiveMessage;
    if (message.type === 'change') {
      const { kind, id, value } = message;
      this.#publish(CHANGE_TOPIC, { kind, id, value });
    } else if (message.type === 'value' && message.topic.startsWith('instance/')) {
      this.#publish(CHANGE_TOPIC, { kind: 'instance', id: message.topic.slice(9), value: message.value });
    }
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

  #tryAgain(platform: Platform): void {
    this.#failures += 1;
    const longest = Math.min(FIRST_WAIT_MS * 2 ** Math.min(this.#failures - 1, 10), LONGEST_WAIT_MS);
    setTimeout(() => void this.#connect(platform), longest / 2 + (longest / 2) * Math.random()).unref();
  }
}
