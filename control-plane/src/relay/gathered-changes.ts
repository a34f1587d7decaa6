import { setTimeout as wait } from 'node:timers/promises';
import type { EntityChange } from './changes.ts';

/** Changes within this time are sent as one. */
const GATHER_MS = 20;
/** When more things than these change at once they are a fleet, which changes several times within a push. */
const FEW = 50;
const GATHER_MANY_MS = 200;

/** Gathers changes for a moment and has them sent, each thing once; what changes meanwhile comes after that. */
export class GatheredChanges {
  readonly #send: (changes: EntityChange[]) => Promise<void>;
  readonly #changes = new Map<string, EntityChange>();
  #timer: NodeJS.Timeout | undefined;

  /** `send` must not fail. */
  constructor(send: (changes: EntityChange[]) => Promise<void>) {
    this.#send = send;
  }

  add(change: EntityChange): void {
    this.#changes.set(`${change.kind}/${change.id}`, change);
    this.#timer ??= setTimeout(() => void this.#sendAll(), GATHER_MS);
  }

  /** What was not sent yet is not sent any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#changes.clear();
  }

  async #sendAll(): Promise<void> {
    while (this.#changes.size > 0) {
      if (this.#changes.size > FEW) {
        await wait(GATHER_MANY_MS, undefined, { ref: false });
      }
      const changes = [...this.#changes.values()];
      this.#changes.clear();
      await this.#send(changes);
      await wait(GATHER_MS, undefined, { ref: false });
    }
    this.#timer = undefined;
  }
}
