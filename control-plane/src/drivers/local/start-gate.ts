import { availableParallelism } from 'node:os';

/** Loading Node-RED keeps a core busy; beyond this they only slow each other down until some time out. */
const AT_ONCE = Math.max(2, availableParallelism() * 2);
/** A start that takes longer waits for something else than the machine. */
const LONGEST_HOLD_MS = 20_000;

/** Lets only so many Node-REDs start at the same time, in the order in which they came. */
export class StartGate {
  readonly #limit: number;
  readonly #waiting: Array<() => void> = [];
  #inside = 0;

  constructor(limit: number = AT_ONCE) {
    this.#limit = limit;
  }

  /** Waits for a place; the returned function gives it back. Rejects when the signal says that it is not wanted. */
  async enter(signal: AbortSignal): Promise<() => void> {
    if (this.#inside >= this.#limit) {
      await this.#wait(signal);
    }
    signal.throwIfAborted();
    this.#inside += 1;
    let isInside = true;
    const leave = () => {
      if (isInside) {
        isInside = false;
        clearTimeout(timer);
        this.#inside -= 1;
        this.#waiting.shift()?.();
      }
    };
    const timer = setTimeout(leave, LONGEST_HOLD_MS);
    timer.unref();
    return leave;
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#waiting.push(enter);
    });
  }
}
