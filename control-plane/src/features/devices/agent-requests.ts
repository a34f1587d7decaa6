import { randomBytes } from 'node:crypto';

interface Pending<T> {
  deviceId: string;
  resolve: (answer: T) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/** What agents were asked for and have not answered yet. An answer counts once, and only from the device that was asked. */
export class AgentRequests<T> {
  readonly #pending = new Map<string, Pending<T>>();
  readonly #timeoutMs: number;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** Asks by `send`; rejects with `late` when no answer comes in time. */
  ask(deviceId: string, send: (id: string) => void, late: () => Error): Promise<T> {
    const id = randomBytes(16).toString('hex');
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => this.fail(deviceId, id, late()), this.#timeoutMs);
      this.#pending.set(id, { deviceId, resolve, reject, timer });
      send(id);
    });
  }

  countOf(deviceId: string): number {
    return [...this.#pending.values()].filter((pending) => pending.deviceId === deviceId).length;
  }

  /** Whether that device was asked for this and the answer is still waited for. */
  has(deviceId: string, id: string): boolean {
    return this.#pending.get(id)?.deviceId === deviceId;
  }

  /** @returns whether the answer was waited for */
  answer(deviceId: string, id: string, answer: T): boolean {
    const pending = this.#take(deviceId, id);
    pending?.resolve(answer);
    return pending !== null;
  }

  fail(deviceId: string, id: string, error: Error): boolean {
    const pending = this.#take(deviceId, id);
    pending?.reject(error);
    return pending !== null;
  }

  /** No answer is waited for any more. */
  failAll(error: Error): void {
    for (const [id, { deviceId }] of [...this.#pending]) {
      this.fail(deviceId, id, error);
    }
  }

  #take(deviceId: string, id: string): Pending<T> | null {
    const pending = this.#pending.get(id);
    if (pending === undefined || pending.deviceId !== deviceId) {
      return null;
    }
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    return pending;
  }
}
