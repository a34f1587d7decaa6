import { readFileSync } from 'node:fs';
import type { RuntimeCommand, RuntimeMessage } from '@flowyard/protocol';
import { WebSocket } from 'ws';
import type { LinkConfiguration } from './configuration.ts';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2000;
const CONNECT_TIMEOUT_MS = 5000;
/** The other end pings; when it is silent for so long the connection is dead even if TCP does not know it. */
const SILENCE_MS = 30_000;
const MAX_KEPT_EVENTS = 200;

interface LinkOptions {
  configuration: LinkConfiguration;
  token: () => string;
  hello: () => RuntimeMessage;
  onCommand: (command: RuntimeCommand) => void;
  onLost: () => void;
}

/** Keeps a connection to what runs this process, for ever. */
export class Link {
  readonly #options: LinkOptions;
  readonly #keptEvents: RuntimeMessage[] = [];
  #socket: WebSocket | undefined;
  #wait = FIRST_WAIT_MS;
  #timer: NodeJS.Timeout | undefined;
  #silence: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#dial();
  }

  /** Sends now or never: states and heartbeats are told anew with every hello. Events wait for the link. */
  send(message: RuntimeMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(message));
    } else if (message.type === 'event') {
      this.#keptEvents.push(message);
      if (this.#keptEvents.length > MAX_KEPT_EVENTS) {
        this.#keptEvents.shift();
      }
    }
  }

  /** Dials at once when it is not connected, however long it would have waited. */
  redialNow(): void {
    this.#wait = FIRST_WAIT_MS;
    if (this.#timer) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#dial();
    }
  }

  /** Resolves when everything sent so far is with the operating system. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      return;
    }
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, 500);
      socket.once('close', () => {
        clearTimeout(limit);
        resolve();
      });
      socket.close(1000);
    });
  }

  /** The control plane's HTTP address, as the address file has it now. */
  controlUrl(): string | null {
    const { addressFile } = this.#options.configuration;
    if (!addressFile) {
      return null;
    }
    try {
      const { controlUrl } = JSON.parse(readFileSync(addressFile, 'utf8'));
      return typeof controlUrl === 'string' ? controlUrl : null;
    } catch {
      return null;
    }
  }

  #url(): string {
    const controlUrl = this.controlUrl();
    return controlUrl ? `${controlUrl.replace(/^http/, 'ws')}/agent` : this.#options.configuration.url;
  }

  #dial(): void {
    const socket = new WebSocket(this.#url(), {
      headers: { authorization: `Bearer ${this.#options.token()}` },
      perMessageDeflate: false,
      handshakeTimeout: CONNECT_TIMEOUT_MS,
    });
    this.#socket = socket;
    socket.on('open', () => {
      this.#wait = FIRST_WAIT_MS;
      this.#watchSilence();
      socket.send(JSON.stringify(this.#options.hello()));
      for (const message of this.#keptEvents.splice(0)) {
        socket.send(JSON.stringify(message));
      }
    });
    socket.on('ping', () => this.#watchSilence());
    socket.on('message', (data) => {
      this.#watchSilence();
      this.#options.onCommand(JSON.parse(String(data)) as RuntimeCommand);
    });
    socket.on('error', () => {
      // 'close' follows, and with it the next attempt.
    });
    socket.on('close', () => {
      this.#options.onLost();
      this.#redial();
    });
  }

  #redial(): void {
    clearTimeout(this.#silence);
    if (this.#closed) {
      return;
    }
    const jittered = this.#wait * (0.5 + Math.random());
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#dial();
    }, jittered);
    this.#timer.unref();
  }

  #watchSilence(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#socket?.terminate(), SILENCE_MS);
    this.#silence.unref();
  }
}
