import { setTimeout as delay } from 'node:timers/promises';
import type { RuntimeView } from './describe-current.ts';
import { GateError } from './node-red-runner.ts';

export interface GateOptions {
  /** How long it may take until the flows run. */
  startMs: number;
  /** How long they must then run without trouble. */
  stableMs: number;
  signal: AbortSignal;
}

const LOOK_EVERY_MS = 100;

const FAULTS: Partial<Record<RuntimeView['state'], string>> = {
  crashed: 'Node-RED ended while it was on trial.',
  error: 'Node-RED runs, but its flows do not run as they should.',
  stopping: 'Node-RED was stopped from outside while it was on trial.',
};

function checkView(view: RuntimeView | null): void {
  const fault = view === null ? FAULTS.crashed : FAULTS[view.state];
  if (fault !== undefined) {
    throw new GateError(view?.reason ?? fault);
  }
}

/**
 * Waits until the flows have started and have then run for a time without a fault: no missing types or modules,
 * credentials decrypted, process alive. Throws a `GateError` at the first thing that is wrong. The time is counted
 * by the monotonic clock, since the clock of a device may jump.
 */
export async function passGates(view: () => RuntimeView | null, options: GateOptions): Promise<void> {
  const start = performance.now();
  let runningSince: number | null = null;
  for (;;) {
    const now = view();
    checkView(now);
    if (now?.state !== 'running') {
      if (runningSince !== null) {
        throw new GateError('Node-RED started again by itself while it was on trial.');
      }
      if (performance.now() - start > options.startMs) {
        throw new GateError(`The flows did not start within ${Math.round(options.startMs / 1000)} seconds.`);
      }
    } else {
      runningSince ??= performance.now();
      if (performance.now() - runningSince >= options.stableMs) {
        return;
      }
    }
    await delay(LOOK_EVERY_MS, undefined, { signal: options.signal });
  }
}
