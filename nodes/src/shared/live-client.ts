import type { LiveMessage, LiveRequest } from '@flowyard/protocol';
import { Connection, type ConnectionState } from './connection';
import type { Platform } from './platform';

export interface LiveClientOptions {
  platform: Platform;
  topics: readonly string[];
  onMessage: (message: LiveMessage) => void;
  /** `problem` says why there is no connection. */
  onState: (state: ConnectionState, problem: string | null) => void;
}

/** Reads topics of the control plane's live updates until it is closed. */
export class LiveClient {
  readonly #options: LiveClientOptions;
  readonly #connection: Connection;

  constructor(options: LiveClientOptions) {
    this.#options = options;
    this.#connection = new Connection({
      platform: options.platform,
      path: '/live',
      onOpen: (socket) => {
        for (const topic of options.topics) {
          socket.send(JSON.stringify({ type: 'subscribe', topic } satisfies LiveRequest));
        }
      },
      onMessage: (data) => this.#receive(data.toString()),
      onState: options.onState,
    });
  }

  /** Resolves when the connection is gone. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  #receive(text: string): void {
    let message: LiveMessage;
    try {
      message = JSON.parse(text) as LiveMessage;
    } catch {
      return;
    }
    this.#options.onMessage(message);
  }
}
