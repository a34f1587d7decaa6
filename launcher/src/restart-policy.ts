import type { Blamed } from '@flowyard/protocol';

/** When a Node-RED that ended by itself is started again. */
export interface RestartPolicy {
  firstDelayMs: number;
  longestDelayMs: number;
  /** Running for so long makes up for all crashes before. */
  stableAfterMs: number;
  /** After so many crashes in a row it starts in safe mode. */
  crashesUntilSafeMode: number;
}

export const DEFAULT_RESTART_POLICY: RestartPolicy = {
  firstDelayMs: 1000,
  longestDelayMs: 300_000,
  stableAfterMs: 600_000,
  crashesUntilSafeMode: 5,
};

/** How a process ended, as far as it is known: of an adopted process the code and signal are not. */
export interface ExitFacts {
  code: number | null;
  signal: string | null;
  /** The exception that ended it, from the file it leaves. */
  message: string | null;
  /** The node or the types of nodes that it came from. */
  blamed: Blamed | null;
  /** We ended it because it did not answer any more. */
  hung: boolean;
  /** Why it could not be started at all. */
  startError: string | null;
  /** The end of its log, oldest first. */
  lastLines: string[];
}

export interface RestartDecision {
  crashes: number;
  delayMs: number;
  safeMode: boolean;
  /** For people. */
  reason: string;
}

interface CrashHistory {
  /** Crashes in a row before this one. */
  crashes: number;
  ranForMs: number;
}

/** From the facts of a crash: how long to wait, how to start then, and what to tell. */
export function decideRestart(
  facts: ExitFacts,
  history: CrashHistory,
  policy: RestartPolicy = DEFAULT_RESTART_POLICY,
): RestartDecision {
  const before = history.ranForMs >= policy.stableAfterMs ? 0 : history.crashes;
  const crashes = before + 1;
  const delayMs = Math.min(policy.firstDelayMs * 2 ** (crashes - 1), policy.longestDelayMs);
  const safeMode = crashes >= policy.crashesUntilSafeMode;
  return { crashes, delayMs, safeMode, reason: describe(facts, crashes) };
}

const OUT_OF_MEMORY = /Reached heap limit|JavaScript heap out of memory|Allocation failed/;
const MAX_LINES = 50;
const MAX_REASON = 3900;

/** Exit code of a process that found another one on its folder. Source: child/configuration.ts. */
const EXIT_LOCKED = 75;

function causeOf(facts: ExitFacts): string {
  if (facts.startError) {
    return `Node-RED could not be started: ${facts.startError}`;
  }
  if (facts.hung) {
    return 'Node-RED did not answer any more and was ended: a flow blocks it (an endless loop, for example)';
  }
  if (facts.lastLines.some((line) => OUT_OF_MEMORY.test(line))) {
    return 'Node-RED ran out of memory: a flow uses more than the instance type allows';
  }
  if (facts.message) {
    return `Node-RED ended by an exception that no node caught: ${facts.message}`;
  }
  if (facts.code === EXIT_LOCKED) {
    return 'Another Node-RED runs on the same data folder';
  }
  if (facts.signal) {
    return `Node-RED was ended from outside by the signal ${facts.signal}`;
  }
  return facts.code === null ? 'Node-RED ended' : `Node-RED ended by itself with exit code ${facts.code}`;
}

function describe(facts: ExitFacts, crashes: number): string {
  const times = crashes > 1 ? ` (${crashes} times in a row)` : '';
  const head = `${causeOf(facts)}${times}.`;
  const lines = facts.lastLines.slice(-MAX_LINES);
  let log = lines.join('\n');
  const room = MAX_REASON - head.length - 30;
  if (log.length > room) {
    log = log.slice(log.length - Math.max(room, 0));
  }
  return log === '' ? head.slice(0, MAX_REASON) : `${head.slice(0, MAX_REASON)}\nThe log ends:\n${log}`;
}
