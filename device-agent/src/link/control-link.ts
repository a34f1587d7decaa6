import type { IncomingMessage } from 'node:http';
import { watchLiveness } from '@flowyard/launcher';
import type { AgentCommand, AgentMessage } from '@flowyard/protocol';
import { CLOSE, readAgentCommand } from '@flowyard/protocol';
import { WebSocket } from 'ws';
import { outgoingAgent } from '../network.ts';
import { backoffDelay, REFUSED, UNREACHABLE } from './backoff.ts';

/** What becomes of the connection, in words for a person. `refused`: it was answered, but not accepted. */
export interface LinkStatus {
  state: 'connecting' | 'connected' | 'unreachable' | 'refused';
  problem: string | null;
}

export interface ControlLinkOptions {
  url: string;
  token: () => string;
  /** The first message of each connection. */
  hello: () => AgentMessage;
  onCommand: (command: AgentCommand) => void;
  onStatus: (status: LinkStatus) => void;
  pingMs?: number;
}

const HANDSHAKE_TIMEOUT_MS = 15_000;
const PING_MS = 10_000;
const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;
/** Beyond this the network takes less than we send; logs and figures are then left out. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

const CLOSE_REASONS: Record<number, string> = {
  [CLOSE.unauthorized]: 'The control plane does not accept the token of this device.',
  [CLOSE.protocol]: 'The control plane speaks another version of the protocol: update the agent.',
  [CLOSE.replaced]:
    'Another agent connected with the identity of this device. Was its folder copied? Register one of them anew.',
  [CLOSE.cloned]:
    'The identity of this device belongs to another machine. Was its disk or folder copied? Register this one anew, or let it be the device on its page.',
  [CLOSE.malformed]: 'The control plane did not understand this agent.',
};

/** Null for an answer that will pass, as of a proxy whose control plane is being started again. */
function describeRefusal({ statusCode = 0 }: IncomingMessage): string | null {
  if (statusCode >= 500) {
    return null;
  }
  switch (statusCode) {
    case 401:
    case 403:
      return 'The control plane does not accept the token of this device. Was the device removed there?';
    case 404:
      return 'There is no control plane at this address any more.';
    default:
      return `The address answers with status ${statusCode}, not as a control plane: is a captive portal or proxy in between?`;
  }
}

/**
 * Keeps one WebSocket to the control plane up, for ever: a link that is refused or lost never has an effect on
 * what runs on the device, it is only tried again, each time a little later.
 */
export class ControlLink {
  readonly #options: ControlLinkOptions;
  #socket: WebSocket | null = null;
  #retry: NodeJS.Timeout | null = null;
  #failures = 0;
  #isStopped = false;
  #refusal: string | null = null;
  #isReconnecting = false;
  #localAddress: string | null = null;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** The own address of the newest connection. */
  get localAddress(): string | null {
    return this.#localAddress;
  }

  start(): void {
    this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#retry !== null) {
      clearTimeout(this.#retry);
    }
    this.#close();
  }

  /** Ends the connection to begin a new one at once. */
  reconnect(): void {
    this.#isReconnecting = true;
    this.#close();
  }

  /** A peer that does not answer the close holds up nothing. */
  #close(): void {
    const socket = this.#socket;
    socket?.close(1000);
    setTimeout(() => socket?.terminate(), 500).unref();
  }

  /** Sends a message, or drops it while there is no link: all that matters is in the next hello. */
  send(message: AgentMessage): void {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) {
      return;
    }
    const isOptional = message.type === 'logs' || message.type === 'metrics';
    if (!isOptional || socket.bufferedAmount < MAX_BUFFERED_BYTES) {
      socket.send(JSON.stringify(message));
    }
  }

  #connect(): void {
    this.#refusal = null;
    this.#options.onStatus({ state: 'connecting', problem: null });
    const socket = new WebSocket(`${this.#options.url.replace(/^http/, 'ws')}/agent`, {
      headers: { authorization: `Bearer ${this.#options.token()}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      perMessageDeflate: false,
      ...outgoingAgent(),
      maxPayload: MAX_PAYLOAD_BYTES,
    });
    this.#socket = socket;
    let problem = 'The connection ended.';
    socket.on('open', () => {
      socket.send(JSON.stringify(this.#options.hello()));
      watchLiveness(socket, this.#options.pingMs ?? PING_MS);
    });
    socket.on('upgrade', (response) => {
      this.#localAddress = response.socket.localAddress?.replace(/^::ffff:/, '') ?? null;
    });
    socket.on('message', (data) => this.#receive(data.toString()));
    socket.on('unexpected-response', (_request, response) => {
      this.#refusal = describeRefusal(response);
      problem = `The address answers with status ${response.statusCode}.`;
      response.resume();
      socket.terminate();
    });
    socket.on('error', (error) => {
      problem = error.message;
    });
    socket.on('close', (code) => {
      this.#refusal ??= CLOSE_REASONS[code] ?? null;
      this.#tryAgain(problem);
    });
  }

  #receive(text: string): void {
    const command = readAgentCommand(text);
    if (command === null) {
      const problem = 'The control plane sent what this agent does not understand: update the agent.';
      this.#options.onStatus({ state: 'connected', problem });
      return;
    }
    if (command === 'unknown') {
      return;
    }
    // Only now is it certain that a control plane is at the other end.
    this.#failures = 0;
    this.#options.onStatus({ state: 'connected', problem: null });
    this.#options.onCommand(command);
  }

  #tryAgain(problem: string): void {
    this.#socket = null;
    if (this.#isStopped) {
      return;
    }
    if (this.#isReconnecting) {
      this.#isReconnecting = false;
      this.#connect();
      return;
    }
    this.#failures += 1;
    const refusal = this.#refusal;
    this.#options.onStatus(
      refusal === null ? { state: 'unreachable', problem } : { state: 'refused', problem: refusal },
    );
    const wait = backoffDelay(this.#failures, refusal === null ? UNREACHABLE : REFUSED);
    this.#retry = setTimeout(() => this.#connect(), wait);
  }
}
