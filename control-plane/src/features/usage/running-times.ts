import type { InstanceState } from '@flowyard/protocol';
import type { Stores } from '../../db/stores.ts';
import type { InstanceReport } from '../../drivers/driver.ts';

/** The process of the instance runs. Suspended, stopped and crashed ones cost nothing. */
export const RUNS: ReadonlySet<InstanceState> = new Set<InstanceState>(['running', 'safe']);

/** Keeps an interval open while an instance runs. */
export class RunningTimes {
  /** Instances of which it is known how they are since this process started. */
  readonly #known = new Set<string>();

  /** Called in the transaction of a report. */
  async follow(
    stores: Stores,
    { instanceId, state, startedFor }: Pick<InstanceReport, 'instanceId' | 'state' | 'startedFor'>,
  ): Promise<void> {
    const isKnown = this.#known.has(instanceId);
    if (!isKnown && state === 'starting' && startedFor === null) {
      // A process from before may be found yet: then it has run all the time.
      return;
    }
    this.#known.add(instanceId);
    const now = new Date().toISOString();
    if (RUNS.has(state)) {
      await stores.usage.begin(instanceId, now);
    } else if (isKnown) {
      await stores.usage.end(instanceId, now);
    } else {
      await stores.usage.endAsSeen(instanceId);
    }
  }
}
