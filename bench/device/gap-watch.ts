import { setTimeout as wait } from 'node:timers/promises';
import { ask } from '../support/until-answers.ts';

const ASK_EVERY_MS = 10;

/** Asks all the time and measures the longest time without an answer. */
export class GapWatch {
  #longest = 0;
  #isStopped = false;
  readonly #working: Promise<void>;

  constructor(url: string, path: string) {
    this.#working = this.#watch(url, path);
  }

  async stop(): Promise<number> {
    this.#isStopped = true;
    await this.#working;
    return this.#longest;
  }

  async #watch(url: string, path: string): Promise<void> {
    let last = performance.now();
    while (!this.#isStopped) {
      const answer = await ask(url, path);
      const now = performance.now();
      if (answer?.status === 200) {
        this.#longest = Math.max(this.#longest, now - last);
        last = now;
      }
      await wait(ASK_EVERY_MS);
    }
  }
}
