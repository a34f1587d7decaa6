import { setTimeout as delay } from 'node:timers/promises';
import { LONGEST_PROOF_MS, unwellWords } from '@flowyard/protocol';
import type { RuntimeView } from './describe-current.ts';
import { GateError } from './node-red-runner.ts';

/** A question that a person wants the flows to answer before they are kept. */
export interface Probe {
  withinMs: number;
  /** Null when all is well, else what is wrong. */
  ask: (signal: AbortSignal) => Promise<string | null>;
}

export interface GateOptions {
  /** How long it may take until the flows run. */
  startMs: number;
  /** How long they must then run without trouble. */
  stableMs: number;
  probe: Probe | null;
  signal: AbortSignal;
}

const LOOK_EVERY_MS = 100;
const ASK_EVERY_MS = 500;

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

/** Whether no flow that must prove itself has still to do so, from when the flows run on. */
function isProven({ flow }: RuntimeView, ranForMs: number): boolean {
  if (flow.unwell !== null) {
    throw new GateError(unwellWords(flow.unwell));
  }
  if (flow.unproven && ranForMs > LONGEST_PROOF_MS) {
    throw new GateError(`No flow reported that it is well within ${inSeconds(LONGEST_PROOF_MS)}.`);
  }
  return !flow.unproven;
}

const inSeconds = (ms: number) => `${Math.round(ms / 1000)} seconds`;

/** Asks again and again until the answer is right; says what was wrong when it is not in time. */
async function passProbe({ withinMs, ask }: Probe, signal: AbortSignal): Promise<string | null> {
  const end = performance.now() + withinMs;
  for (;;) {
    const problem = await ask(signal);
    if (problem === null || signal.aborted) {
      return null;
    }
    if (performance.now() >= end) {
      return `The probe of this device failed: within ${inSeconds(withinMs)}, ${problem}.`;
    }
    await delay(ASK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Watches the probe from the start of the flows on. */
class ProbeWatch {
  readonly #stopping = new AbortController();
  #isPassed = false;
  #failure: string | null = null;

  constructor(probe: Probe | null, end: AbortSignal) {
    if (probe === null) {
      this.#isPassed = true;
      return;
    }
    void passProbe(probe, AbortSignal.any([end, this.#stopping.signal])).then((failure) => {
      this.#failure = failure;
      this.#isPassed = failure === null;
    });
  }

  get isPassed(): boolean {
    if (this.#failure !== null) {
      throw new GateError(this.#failure);
    }
    return this.#isPassed;
  }

  stop(): void {
    this.#stopping.abort();
  }
}

/**
 * Waits until the flows have started and have then run for a time without a fault: no missing types or modules,
 * credentials decrypted, process alive, the probe answered, no flow that says it is not well. Throws a `GateError` at the first thing that is wrong.
 * The time is counted by the monotonic clock, since the clock of a device may jump.
 */
export async function passGates(view: () => RuntimeView | null, options: GateOptions): Promise<void> {
  const start = performance.now();
  let running: { since: number; probe: ProbeWatch } | null = null;
  try {
    for (;;) {
      const now = view();
      checkView(now);
      if (now?.state === 'running') {
        running ??= { since: performance.now(), probe: new ProbeWatch(options.probe, options.signal) };
        const ranForMs = performance.now() - running.since;
        const isStable = isProven(now, ranForMs) && ranForMs >= options.stableMs;
        if (running.probe.isPassed && isStable) {
          return;
        }
      } else if (running !== null) {
        throw new GateError('Node-RED started again by itself while it was on trial.');
      } else if (performance.now() - start > options.startMs) {
        throw new GateError(`The flows did not start within ${inSeconds(options.startMs)}.`);
      }
      await delay(LOOK_EVERY_MS, undefined, { signal: options.signal });
    }
  } finally {
    running?.probe.stop();
  }
}
