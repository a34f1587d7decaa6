/** There is no room for another message. */
export class QueueFullError extends Error {
  override name = 'QueueFullError';
}

/** How much may wait in all streams of one Node-RED together. */
export class Budget {
  readonly #mostBytes: number;
  readonly #used = new Map<object, number>();
  #total = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  get bytes(): number {
    return this.#total;
  }

  /** Says how much a stream uses now. */
  set(stream: object, bytes: number): void {
    this.#total += bytes - (this.#used.get(stream) ?? 0);
    if (bytes === 0) {
      this.#used.delete(stream);
    } else {
      this.#used.set(stream, bytes);
    }
  }

  /** @throws QueueFullError when so many bytes more are too much */
  check(bytes: number): void {
    if (this.#total + bytes > this.#mostBytes) {
      const megabytes = Math.round(this.#mostBytes / 1024 / 1024);
      throw new QueueFullError(
        `The queue of messages is full (${megabytes} MB wait). Nothing more is taken until some are delivered.`,
      );
    }
  }
}
