import type { LiveMessage } from '@flowyard/protocol';
import type { WebSocket } from 'ws';
import type { Actor } from '../access/actor.ts';

/** Bytes that may wait in a socket before its reader gets only the latest of each value. */
const HIGH_WATER_BYTES = 256 * 1024;
const DRAIN_CHECK_MS = 50;
const MAX_PENDING_LOG_LINES = 2000;

/**
 * One reader of `/live`. While its socket is full, it keeps one pending message for each topic and entity: a slow
 * reader gets the latest value, not a queue.
 */
export class LiveReader {
  readonly actor: Actor;
  readonly topics = new Set<string>();
  readonly #socket: WebSocket;
  readonly #pending = new Map<string, LiveMessage>();
  #draining: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, actor: Actor) {
    this.#socket = socket;
    this.actor = actor;
  }

  send(message: LiveMessage): void {
    if (this.#socket.readyState !== this.#socket.OPEN) {
      return;
    }
    if (this.#pending.size === 0 && this.#socket.bufferedAmount < HIGH_WATER_BYTES) {
      this.#socket.send(JSON.stringify(message));
      return;
    }
    this.#hold(message);
    this.#draining ??= setInterval(() => this.#drain(), DRAIN_CHECK_MS);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  dispose(): void {
    clearInterval(this.#draining);
    this.#pending.clear();
  }

  #hold(message: LiveMessage): void {
    const key = keyOf(message);
    const before = this.#pending.get(key);
    if (message.type === 'log' && before?.type === 'log') {
      const lines = [...before.lines, ...message.lines].slice(-MAX_PENDING_LOG_LINES);
      this.#pending.set(key, { ...message, lines });
    } else {
      this.#pending.set(key, message);
    }
  }

  #drain(): void {
    for (const [key, message] of this.#pending) {
      if (this.#socket.bufferedAmount >= HIGH_WATER_BYTES) {
        return;
      }
      this.#pending.delete(key);
      this.#socket.send(JSON.stringify(message));
    }
    clearInterval(this.#draining);
    this.#draining = undefined;
  }
}

function keyOf(message: LiveMessage): string {
  return message.type === 'change'
    ? `${message.topic} ${message.kind} ${message.id}`
    : `${message.type} ${message.topic ?? ''}`;
}
