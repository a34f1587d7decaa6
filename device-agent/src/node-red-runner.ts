import type { LogLine } from '@flowyard/protocol';
import type { Launch } from './agent-journal.ts';
import type { RuntimeView } from './describe-current.ts';
import type { Release } from './release/release.ts';

/** Runs the one Node-RED of this device. */
export interface NodeRedRunner {
  /** What it does now; null when none runs and none is about to. */
  view(): RuntimeView | null;
  /** What runs, or is about to; null when nothing does. */
  readonly launch: Launch | null;
  /** Takes over the process of that launch if it still runs, and ends any other one. */
  adopt(launch: Launch | null, release: Release | null): Promise<boolean>;
  /** Starts a process, which the view then follows. After a crash it is started again, each time a little later. */
  start(release: Release, launch: Launch): Promise<void>;
  /** Lets the running process read the flows of another release. Resolves when it was told. */
  reload(release: Release, launch: Launch): Promise<void>;
  /** Ends the process, gracefully if it can. */
  stop(): Promise<void>;
  lastLines(count: number): Promise<LogLine[]>;
}

/** Why a release is not good, in words for people. */
export class GateError extends Error {
  override name = 'GateError';
}
