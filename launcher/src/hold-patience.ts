import { type FlowState, LONGEST_HOLD_MS } from '@flowyard/protocol';

type Hold = FlowState['hold'];

/**
 * How long one update waits for flows, whatever they say: locks may follow each other so closely that there is never
 * room for it between two of them. Times are those of the monotonic clock.
 */
export class HoldPatience {
  #since: number | null = null;

  /** The hold as far as it still counts for the update that waits. */
  of(hold: Hold, now = performance.now()): Hold {
    const isOver = this.#since !== null && now - this.#since >= LONGEST_HOLD_MS;
    return isOver ? null : hold;
  }

  /** An update waits. Gives for how long at most. */
  waits(now = performance.now()): number {
    this.#since ??= now;
    return Math.max(0, this.#since + LONGEST_HOLD_MS - now);
  }

  /** None waits any more. */
  goesOn(): void {
    this.#since = null;
  }
}
