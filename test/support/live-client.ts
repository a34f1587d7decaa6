import type { LiveMessage } from '@flowyard/protocol';
import { WebSocket } from 'ws';
import { eventually } from './eventually.ts';

/** A reader of `/live` that keeps what it was sent. */
export class LiveClient {
  readonly messages: LiveMessage[] = [];
  readonly #socket: WebSocket;
  closeCode: number | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.messages.push(JSON.parse(data.toString())));
    socket.on('close', (code) => {
      this.closeCode = code;
    });
  }

  static async connect(url: string, headers: Record<string, string>): Promise<LiveClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/live`, { headers });
    const client = new LiveClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return client;
  }

  subscribe(topic: string): void {
    this.#socket.send(JSON.stringify({ type: 'subscribe', topic }));
  }

  sendRaw(text: string): void {
    this.#socket.send(text);
  }

  /** The first message that fits, those that came before included. */
  waitFor(fits: (message: LiveMessage) => boolean): Promise<LiveMessage> {
    return eventually(() => this.messages.find(fits));
  }

  close(): void {
    this.#socket.close();
  }
}
